"""The slowest sources, by the newest lines of the history."""

from datetime import datetime, timedelta

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.slow_sources import MariaSlowSources
from faust_app.core.statistics.slow_source import SlowSource

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - as the database keeps it
_COLUMNS = "shop_no, image_id, version, op, source_host, requested_at, state, updated_at"
_IMAGE = f"INSERT INTO image ({_COLUMNS}) VALUES (%s, %s, 1, 'update', %s, %s, 'DONE', %s)"  # noqa: S608 - our own columns
_LINE = "INSERT INTO image_history (at, shop_no, image_id, version, outcome, took_ms) VALUES (%s, %s, %s, 1, 'stored', %s)"


async def stored_from(database: Database, host: str | None, shop_no: int, times: list[int | None], at: datetime = NOON) -> None:
    for number, took in enumerate(times):
        image_id = f"{host}-{number}".encode()
        await database.change(_IMAGE, (shop_no, image_id, host, at, at))
        await database.change(_LINE, (at, shop_no, image_id, took))


async def test_the_slowest_on_average_come_first_without_the_old_and_the_few(database: Database) -> None:
    await stored_from(database, "fast.test", 7, [10, 20, 30])
    await stored_from(database, "slow.test", 7, [1000, 3001, None])
    await stored_from(database, "slow.test", 8, [2000])
    await stored_from(database, "one.test", 7, [90_000])
    await stored_from(database, "gone.test", 7, [90_000, 90_000], NOON - timedelta(days=2))
    await stored_from(database, None, 7, [90_000, 90_000])
    slow, since = MariaSlowSources(database), NOON - timedelta(days=1)
    assert await slow.slowest(since, at_least=2, limit=9) == [SlowSource("slow.test", 3, 2000, 3001), SlowSource("fast.test", 3, 20, 30)]
    assert await slow.slowest(since, at_least=2, limit=1) == [SlowSource("slow.test", 3, 2000, 3001)]
    assert await slow.slowest(since, at_least=4, limit=9) == []
