"""A request that is sent many times costs its source two fetches and its image two lines, and loses no change of the bytes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from faust_app.core.images.request_rules import Unchanged
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerHarness
from tests.pictures import picture

NEWER = picture("jpg", seed=2)


async def request(harness: WorkerHarness, times: int = 1, **values: object) -> None:
    await harness.intake.accept([make_request(7, "a", **values) for _ in range(times)], entry_point="http")  # type: ignore[arg-type]


async def work(harness: WorkerHarness) -> int:
    """Publish what is due and work on it; return how many events there were."""
    due = await harness.rows.claim_due(100, timedelta(seconds=20))
    ends = await asyncio.gather(*(harness.execute(event_record(row)) for row in due))
    assert ends == [Handled.DONE] * len(due)
    return len(due)


async def test_a_thousand_equal_requests_cost_two_fetches_and_two_lines(harness: WorkerHarness) -> None:
    for batch in range(20):
        await request(harness, 50)
        harness.rows.advance += timedelta(seconds=0.05)
        if batch % 3 == 0:
            harness.rows.rows[7, b"a"] = due(harness)
            await work(harness)
    for _ in range(5):
        harness.rows.advance += timedelta(seconds=3)
        await work(harness)
    assert harness.row.state is ImageState.DONE
    assert len(harness.fetcher.fetched) == 2
    assert len(harness.rows.entries) == 2


async def test_what_is_asked_for_again_while_it_is_queued_is_unchanged_and_fetched_once(harness: WorkerHarness) -> None:
    await request(harness)
    queued = event_record(harness.row)
    harness.rows.advance += timedelta(seconds=1)
    decisions = await harness.intake.accept([make_request(7, "a") for _ in range(10)], entry_point="http")
    assert {(type(decision), decision.row.version) for decision in decisions} == {(Unchanged, harness.row.version)}
    await harness.execute(queued)
    harness.rows.advance += timedelta(minutes=1)
    assert await work(harness) == 0
    assert (harness.row.state, len(harness.fetcher.fetched), len(harness.rows.entries)) == (ImageState.DONE, 1, 1)


def due(harness: WorkerHarness) -> ImageRow:
    """Return the row as if Kafka had taken its event at once, unless it has a time to wait for."""
    row = harness.row
    at_once = row.scheduled_at is not None and row.scheduled_at - harness.rows._clock() > timedelta(seconds=10)
    return replace(row, scheduled_at=harness.rows._clock()) if at_once else row


async def test_bytes_that_changed_during_a_fetch_are_fetched_when_they_are_asked_for_again(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = Fetched(JPEG)
    row = await harness.accept()
    harness.fetcher.gate.clear()
    task = asyncio.create_task(harness.execute(event_record(row)))
    while not harness.fetcher.fetched:
        await asyncio.sleep(0)
    await request(harness, 10)
    assert harness.row.version == row.version
    harness.fetcher.gate.set()
    await task
    assert (harness.row.state, harness.row.shown_version) == (ImageState.IN_PROGRESS, row.version)
    harness.fetcher.sources[SOURCE] = Fetched(NEWER)
    harness.rows.advance += timedelta(seconds=3)
    assert await work(harness) == 1
    assert harness.row.state is ImageState.DONE
    assert harness.row.shown is not None
    assert harness.store.objects[harness.row.shown.object_key] == NEWER


async def test_equal_deletions_cost_one_line(harness: WorkerHarness) -> None:
    await harness.stored()
    for _ in range(5):
        await request(harness, 20, op=Op.DELETE)
        harness.rows.rows[7, b"a"] = due(harness)
        await work(harness)
    assert harness.row.state is ImageState.DELETED
    assert [entry.outcome for entry in harness.rows.entries] == ["stored", "deleted"]


async def test_older_requests_of_another_revision_leave_one_line(harness: WorkerHarness) -> None:
    await request(harness, external_version=9)
    for _ in range(5):
        await request(harness, 20, external_version=3, source_url="http://source.test/older.jpg")
    assert [entry.outcome for entry in harness.rows.entries] == ["superseded"]


async def test_a_request_between_two_equal_ones_loses_to_the_later_of_them(harness: WorkerHarness) -> None:
    await request(harness)
    first = harness.row
    harness.rows.advance += timedelta(seconds=1)
    await request(harness)
    assert harness.row.requested_at > first.requested_at
    record: Record = event_record(harness.row)
    await harness.execute(record)
    assert harness.row.state is ImageState.DONE
