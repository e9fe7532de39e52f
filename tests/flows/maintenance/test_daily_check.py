"""The daily check over fakes: what it reads, what it tells, and that it changes nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.maintenance.jobs import FinishedRun
from faust_app.core.text import Place
from faust_app.flows.maintenance import daily_check
from faust_app.flows.maintenance.daily_check import DailyCheck
from tests.factories import make_request
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.open_images import FakeOpenImages
from tests.flows.worker_harness import TOPICS, WorkerHarness

BULK = TOPICS.bulk.name
DAY = timedelta(days=1)
PLACE = Place(ZoneInfo("UTC"))


@dataclass
class CheckHarness:
    worker: WorkerHarness
    offsets: FakeConsumerOffsets

    def check(self, *, has_messenger: bool = True, all_well: bool = False) -> DailyCheck:
        return DailyCheck(FakeOpenImages(self.worker.rows), self.offsets, PLACE, has_messenger=has_messenger, all_well=all_well)

    async def publish(self, count: int) -> None:
        for n in range(count):
            row = await self.worker.accept_request(make_request(7 + n % 3, f"i{n}"))
            await self.worker.publisher.publish([row])


@pytest.fixture
def checking(harness: WorkerHarness) -> CheckHarness:
    return CheckHarness(harness, FakeConsumerOffsets(harness.log, [spec.name for spec in TOPICS.images]))


async def test_images_are_reported_from_a_day_on_by_where_they_stand(checking: CheckHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily_check, "ROWS_A_PAGE", 4)
    await checking.publish(18)
    checking.offsets.offsets[BULK] = 5
    now = await checking.worker.rows.now()
    before = dict(checking.worker.rows.rows)
    assert (await checking.check().run(now + DAY - timedelta(minutes=1), None)).message is None
    result = await checking.check().run(now + DAY + timedelta(seconds=1), None)
    assert result.found["open_over_a_day"] | {"oldest_open_s": 0, "top_shops": []} == {
        "images": 18, "lost": 5, "scheduled": 0, "queued": 13, "overdue": 0, "scheduled_by_reason": {}, "shops": 3,
        "oldest_open_s": 0, "top_shops": [],
    }  # fmt: skip
    assert result.message is not None
    assert "18 images of 3 shops" in result.message.title
    assert checking.worker.rows.rows == before


async def test_rescues_are_those_since_the_last_check(checking: CheckHarness) -> None:
    now = await checking.worker.rows.now()
    for hours in (30, 20, 2):
        checking.worker.rows.entries.append(HistoryEntry((7, b"a"), now - timedelta(hours=hours), 1, "rescued"))
    checking.worker.rows.entries.append(HistoryEntry((7, b"a"), now, 1, "stored"))
    check = checking.check()
    first = await check.run(now, None)
    assert first.found["rescued"]["rescues"] == 2, "a day for the first"
    last = FinishedRun(now.date(), now, {"as_of": (now - timedelta(hours=3)).isoformat() + "Z"})
    assert (await check.run(now, last)).found["rescued"]["rescues"] == 1
    assert (await check.run(now, replace(last, result=first.found))).message is None


async def test_without_a_messenger_nothing_waits_for_one(checking: CheckHarness) -> None:
    await checking.publish(1)
    result = await checking.check(has_messenger=False).run(await checking.worker.rows.now() + 2 * DAY, None)
    assert (result.message, result.found["ok"]) == (None, False)


async def test_who_wants_a_sign_of_life_gets_one(checking: CheckHarness) -> None:
    result = await checking.check(all_well=True).run(await checking.worker.rows.now(), None)
    assert result.message is not None
    assert "All well" in result.message.title


@pytest.mark.parametrize("unavailable", ["kafka", "database"])
async def test_an_outage_is_no_report(checking: CheckHarness, unavailable: str) -> None:
    checking.offsets.unavailable, checking.worker.rows.unavailable = unavailable == "kafka", unavailable == "database"
    with pytest.raises(Unavailable):
        await checking.check().run((await WorkerHarness().rows.now()), None)
