"""What runs out unnoticed is sampled: the tables, and the time of dead letters."""

from datetime import datetime, timedelta

from faust_app.flows.monitoring.room import WatchRoom
from faust_app.metrics import Metrics
from tests.factories import NOW


class Tables:
    async def table_bytes(self) -> dict[str, int]:
        return {"image": 100, "image_history": 250}


class Letters:
    asked: datetime | None = None

    async def appended_before(self, at: datetime) -> int:
        self.asked = at
        return 7


async def test_tables_and_the_dead_letters_of_the_next_three_days_are_told() -> None:
    metrics, letters = Metrics(), Letters()
    room = WatchRoom(Tables(), letters, metrics, kept=timedelta(days=30), now=lambda: NOW)
    await room.measure_tables()
    await room.count_expiring()
    value = metrics.registry.get_sample_value
    assert [value("shop_images_table_bytes", {"table": table}) for table in ("image", "image_history")] == [100, 250]
    assert value("shop_images_dead_letters_expiring") == 7
    assert letters.asked == NOW - timedelta(days=27)
