"""A request that is sent many times costs its source two fetches and its image two lines, and loses no change of the bytes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerBench
from tests.pictures import picture

NEWER = picture("jpg", seed=2)


async def request(bench: WorkerBench, times: int = 1, **values: object) -> None:
    await bench.intake.accept([make_request(7, "a", **values) for _ in range(times)], door="http")  # type: ignore[arg-type]


async def work(bench: WorkerBench) -> int:
    """Publish what is due and work on it; return how many events there were."""
    due = await bench.rows.claim_due(100, timedelta(seconds=20))
    ends = await asyncio.gather(*(bench.ingest(event_record(row)) for row in due))
    assert ends == [Handled.DONE] * len(due)
    return len(due)


async def test_a_thousand_equal_requests_cost_two_fetches_and_two_lines(bench: WorkerBench) -> None:
    for batch in range(20):
        await request(bench, 50)
        bench.rows.advance += timedelta(seconds=0.05)
        if batch % 3 == 0:
            bench.rows.rows[7, b"a"] = due(bench)
            await work(bench)
    for _ in range(5):
        bench.rows.advance += timedelta(seconds=3)
        await work(bench)
    assert bench.row.state is ImageState.DONE
    assert len(bench.fetcher.fetched) == 2
    assert len(bench.rows.entries) == 2


def due(bench: WorkerBench) -> ImageRow:
    """Return the row as if Kafka had taken its event at once, unless it has a time to wait for."""
    row = bench.row
    at_once = row.wake_at is not None and row.wake_at - bench.rows._clock() > timedelta(seconds=10)
    return replace(row, wake_at=bench.rows._clock()) if at_once else row


async def test_bytes_that_changed_while_they_were_fetched_are_fetched_when_they_are_asked_for_again(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = Fetched(JPEG)
    row = await bench.accept()
    bench.fetcher.gate.clear()
    task = asyncio.create_task(bench.ingest(event_record(row)))
    while not bench.fetcher.fetched:
        await asyncio.sleep(0)
    await request(bench, 10)
    assert bench.row.version == row.version
    bench.fetcher.gate.set()
    await task
    assert (bench.row.state, bench.row.shown_version) == (ImageState.IN_PROGRESS, row.version)
    bench.fetcher.sources[SOURCE] = Fetched(NEWER)
    bench.rows.advance += timedelta(seconds=3)
    assert await work(bench) == 1
    assert bench.row.state is ImageState.DONE
    assert bench.row.shown is not None
    assert bench.store.objects[bench.row.shown.object_key] == NEWER


async def test_equal_deletions_cost_one_line(bench: WorkerBench) -> None:
    await bench.stored()
    for _ in range(5):
        await request(bench, 20, op=Op.DELETE)
        bench.rows.rows[7, b"a"] = due(bench)
        await work(bench)
    assert bench.row.state is ImageState.DELETED
    assert [entry.outcome for entry in bench.rows.entries] == ["stored", "deleted"]


async def test_older_requests_of_another_revision_leave_one_line(bench: WorkerBench) -> None:
    await request(bench, external_version=9)
    for _ in range(5):
        await request(bench, 20, external_version=3, source_url="http://source.test/older.jpg")
    assert [entry.outcome for entry in bench.rows.entries] == ["superseded"]


async def test_a_request_between_two_equal_ones_loses_to_the_later_of_them(bench: WorkerBench) -> None:
    await request(bench)
    first = bench.row
    bench.rows.advance += timedelta(seconds=1)
    await request(bench)
    assert bench.row.requested_at > first.requested_at
    record: Record = event_record(bench.row)
    await bench.ingest(record)
    assert bench.row.state is ImageState.DONE
