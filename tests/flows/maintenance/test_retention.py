"""What is older than is kept goes, a bounded part a pass, and never so that an image comes back or a table is blocked."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from faust_app.core.images.plan import Unknown, plan
from faust_app.core.images.row import ImageRow, ImageState, event_of
from faust_app.core.maintenance.growth import TableSize
from faust_app.core.maintenance.retention import AUDIT, FAILED_LOG_INS, REPORTS, SESSIONS, TOMBSTONES, WORKERS, months_ahead
from faust_app.core.messages.events import Op
from faust_app.flows.maintenance import retention as keep_limits
from faust_app.flows.maintenance.retention import KeepLimits
from tests.factories import event_record, make_request
from tests.fakes.limits import FakeHistoryMonths, FakeOldRows, FakeTableSizes
from tests.flows.worker_harness import TOPICS, WorkerHarness

DAY = timedelta(days=1)


@dataclass
class LimitsHarness:
    worker: WorkerHarness
    months: FakeHistoryMonths
    old: FakeOldRows

    def __post_init__(self) -> None:
        sizes = FakeTableSizes(TableSize("image", 1, 100))
        self.limits = KeepLimits(self.months, self.old, sizes, self.worker.metrics)

    async def run(self, after: timedelta = timedelta(0)) -> dict[str, object] | None:
        self.worker.rows.advance = after
        result = await self.limits.run(await self.worker.rows.now(), None)
        return None if result is None else dict(result.found)

    async def delete(self, count: int = 1) -> list[ImageRow]:
        """Register and delete images, and let the collector forget their garbage."""
        for n in range(count):
            request = make_request(7, f"i{n}", op=Op.DELETE)
            await self.worker.execute(event_record(await self.worker.accept_request(request)))
        self.worker.rows.garbage.clear()
        return list(self.worker.rows.rows.values())

    def purged(self, table: str) -> float | None:
        return self.worker.metrics.registry.get_sample_value("shop_images_purged_rows_total", {"table": table})


@pytest.fixture
async def keeping(harness: WorkerHarness) -> LimitsHarness:
    names = [month.name for month in months_ahead((await harness.rows.now()).date())]
    return LimitsHarness(harness, FakeHistoryMonths(*names), FakeOldRows(harness.rows))


async def test_a_tombstone_goes_after_its_time_and_nothing_else_does(keeping: LimitsHarness) -> None:
    await keeping.delete(3)
    harness = keeping.worker
    await harness.execute(event_record(await harness.accept_request(make_request(8, "shown"))))
    await harness.accept_request(make_request(8, "open"))
    await keeping.run(TOMBSTONES - DAY)
    assert len(harness.rows.rows) == 5
    assert await keeping.run(TOMBSTONES + DAY) is not None
    assert [key for key, _ in sorted(harness.rows.rows.items())] == [(8, b"open"), (8, b"shown")]
    assert keeping.purged("image") == 3


async def test_what_is_left_of_a_deleted_image_never_brings_it_back(keeping: LimitsHarness) -> None:
    (tombstone,) = await keeping.delete()
    harness = keeping.worker
    await keeping.run(TOMBSTONES + DAY)
    old = replace(tombstone, state=ImageState.IN_PROGRESS, op=Op.REGISTER, source_url="http://source.test/a.jpg")
    assert isinstance(plan(event_of(old), None), Unknown)
    await harness.execute(event_record(old))
    assert (harness.rows.rows, harness.letters()) == ({}, ["unknown_version"])


async def test_an_image_that_returns_after_its_tombstone_gets_a_version_above_every_old_one(keeping: LimitsHarness) -> None:
    (tombstone,) = await keeping.delete()
    harness = keeping.worker
    await keeping.run(TOMBSTONES + DAY)
    again = await harness.accept_request(make_request(7, "i0"))
    assert again.version > tombstone.version
    await harness.execute(event_record(replace(tombstone, state=ImageState.IN_PROGRESS)))
    assert harness.rows.rows[again.key].version == again.version, "its old event is superseded"
    await harness.execute(event_record(again))
    assert harness.rows.rows[again.key].state is ImageState.DONE


async def test_an_image_that_returned_is_no_tombstone(keeping: LimitsHarness) -> None:
    await keeping.delete()
    await keeping.worker.accept_request(make_request(7, "i0"))
    assert await keeping.run(TOMBSTONES + DAY) is not None
    assert len(keeping.worker.rows.rows) == 1


async def test_while_the_collector_is_behind_no_tombstone_goes(keeping: LimitsHarness) -> None:
    harness = keeping.worker
    await harness.execute(event_record(await harness.accept_request(make_request(7, "i0", op=Op.DELETE))))
    assert harness.rows.garbage
    assert await keeping.run(TOMBSTONES + DAY) is not None
    assert len(harness.rows.rows) == 1
    harness.rows.garbage.clear()
    await keeping.run(TOMBSTONES + DAY)
    assert len(harness.rows.rows) == 0


async def test_a_pass_deletes_a_bounded_part_and_the_next_goes_on(keeping: LimitsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_limits, "AT_ONCE", 2)
    monkeypatch.setattr(keep_limits, "DELETIONS_A_PASS", 3)
    await keeping.delete(15)
    left = []
    while await keeping.run(TOMBSTONES + DAY) is None:
        left.append(len(keeping.worker.rows.rows))
        assert keeping.months.tries == 0, "the history's months come last, once"
    assert (left, len(keeping.worker.rows.rows), keeping.old.largest) == ([9, 3], 0, 2)


async def test_workers_that_were_not_seen_for_long_are_forgotten(keeping: LimitsHarness) -> None:
    now = await keeping.worker.rows.now()
    keeping.old.workers = [now, now - WORKERS + DAY, now - WORKERS - DAY]
    await keeping.run()
    assert len(keeping.old.workers) == 2
    assert keeping.purged("worker") == 1


async def test_runs_of_daily_jobs_are_forgotten_with_what_was_reported_then(keeping: LimitsHarness) -> None:
    now = await keeping.worker.rows.now()
    keeping.old.runs = [now, now - REPORTS + DAY, now - REPORTS - DAY]
    await keeping.run()
    assert (len(keeping.old.runs), keeping.purged("job_run")) == (2, 1)


async def test_what_log_ins_leave_behind_is_forgotten(keeping: LimitsHarness) -> None:
    now = await keeping.worker.rows.now()
    keeping.old.sessions = [now, now - SESSIONS - DAY]
    keeping.old.one_time = [now, now - FAILED_LOG_INS - DAY]
    keeping.old.failed_log_ins = [now, now - FAILED_LOG_INS - DAY]
    keeping.old.report_sessions = [now, now - SESSIONS - DAY]
    keeping.old.report_links = [now, now - FAILED_LOG_INS - DAY]
    keeping.old.test_fetches = [now, now - FAILED_LOG_INS - DAY]
    keeping.old.audit = [now - SESSIONS - DAY, now - AUDIT - DAY]
    assert await keeping.run() is not None
    tables = ("session", "one_time_log_in", "log_in_failure", "report_session", "report_link_use", "test_fetch", "audit")
    assert [keeping.purged(table) for table in tables] == [1] * len(tables)


async def test_months_are_made_ahead_and_dropped_after_fifteen(keeping: LimitsHarness) -> None:
    this = keeping.months.months[0]
    found = await keeping.run(timedelta(days=31 * 16))
    assert found is not None
    assert found["months_kept"] is True
    assert this not in keeping.months.months
    ahead = [month.name for month in months_ahead((await keeping.worker.rows.now()).date())]
    assert keeping.months.months[-5:] == [*ahead, "later"]


async def test_a_busy_history_is_tried_once_a_day_and_keeps_no_run_from_its_end(keeping: LimitsHarness) -> None:
    keeping.months.busy = True
    before = list(keeping.months.months)
    found = await keeping.run(timedelta(days=40))
    assert found == {"tables": {"image": {"rows": 1, "bytes": 100, "newest": None}}, "months_kept": False}
    assert (keeping.months.tries, keeping.months.months) == (1, before)


async def test_rows_past_the_last_month_are_left_to_a_quiet_hour(keeping: LimitsHarness) -> None:
    keeping.months.rows_later = 1
    found = await keeping.run(timedelta(days=200))
    assert found is not None
    assert (found["months_kept"], keeping.months.tries) == (False, 0)


def test_a_tombstone_outlives_every_record_that_a_topic_keeps() -> None:
    longest = max(timedelta(milliseconds=int(spec.config["retention.ms"])) for spec in TOPICS.all)
    assert longest + timedelta(days=7) < TOMBSTONES, "a record stays until its segment is rolled, a week later"
