"""What waits behind a slow source is deferred, what runs long is acked early: nothing is lost, counted or done twice."""

import asyncio
from datetime import timedelta

from faust_app.core.dispatch.pace.deferral_clock import SOON
from faust_app.core.images.row import ImageState, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.core.sources.content import Fetched
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_record, make_request
from tests.flows.worker_harness import JPEG, WorkerHarness


async def test_an_event_that_is_deferred_is_due_then_and_costs_no_attempt(harness: WorkerHarness) -> None:
    event = harness.handler.read(event_record(await harness.accept()))
    assert await harness.handler.execute(event, defer_by=timedelta(seconds=30)) is Handled.DONE
    row = harness.row
    assert (row.state, row.attempt, row.rescues, row.schedule_reason, row.position) == (
        ImageState.IN_PROGRESS, 0, 0, ScheduleReason.DEFERRED, None,
    )  # fmt: skip
    assert row.scheduled_at is not None
    assert timedelta(seconds=29) < row.scheduled_at - await harness.rows.now() <= timedelta(seconds=30)
    assert harness.fetcher.fetched == []


async def test_a_superseded_event_is_skipped_and_a_delete_is_done_rather_than_deferred(harness: WorkerHarness) -> None:
    old = harness.handler.read(event_record(await harness.accept()))
    delete = harness.handler.read(event_record(await harness.accept(Op.DELETE)))
    await harness.handler.execute(old, defer_by=timedelta(seconds=30))
    assert harness.row.schedule_reason is not ScheduleReason.DEFERRED
    await harness.handler.execute(delete, defer_by=timedelta(seconds=30))
    assert harness.row.state is ImageState.DELETED


async def test_an_unreadable_record_is_a_dead_letter_and_neither_deferred_nor_acked_early(harness: WorkerHarness) -> None:
    event = harness.handler.read(make_record(b"no event"))
    assert not await harness.handler.ack_early(event)
    assert await harness.handler.execute(event, defer_by=timedelta(seconds=30)) is Handled.DONE
    assert harness.letters() == ["unparseable"]


async def test_an_event_that_was_handed_over_ends_as_ever(harness: WorkerHarness) -> None:
    event = harness.handler.read(event_record(await harness.accept()))
    harness.fetcher.gate.clear()
    task = asyncio.create_task(harness.handler.execute(event))
    while not harness.fetcher.fetched:
        await asyncio.sleep(0)
    assert await harness.handler.ack_early(event)
    assert (harness.row.schedule_reason, harness.row.position, harness.row.attempt) == (ScheduleReason.RUNNING, None, 0)
    harness.fetcher.gate.set()
    assert await task is Handled.DONE
    assert (harness.row.state, harness.row.scheduled_at, harness.row.schedule_reason) == (ImageState.DONE, None, None)


async def test_an_event_that_was_handed_over_and_never_ends_is_published_again_by_its_row(harness: WorkerHarness) -> None:
    event = harness.handler.read(event_record(await harness.accept()))
    assert await harness.handler.ack_early(event)
    assert await harness.due.run_pass() == 0
    harness.rows.advance += timedelta(seconds=46)
    assert await harness.due.run_pass() == 1


async def test_releasing_what_is_deferred_leaves_alone_what_a_worker_is_at(harness: WorkerHarness) -> None:
    event = harness.handler.read(event_record(await harness.accept()))
    assert await harness.handler.ack_early(event)
    assert await harness.rows.release_deferred(7, None, 10) == 0


async def test_nothing_is_handed_over_once_the_row_has_moved_on_or_the_database_is_unavailable(harness: WorkerHarness) -> None:
    event = harness.handler.read(event_record(await harness.accept()))
    harness.rows.unavailable = True
    assert not await harness.handler.ack_early(event)
    harness.rows.unavailable = False
    await harness.handler.execute(event)
    assert not await harness.handler.ack_early(event)
    assert harness.row.state is ImageState.DONE


async def test_what_was_deferred_too_far_is_released_when_its_source_runs_out(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = Fetched(JPEG)
    records = [event_record(await harness.accept_request(make_request(7, f"i{n}"))) for n in range(20)]
    source = harness.handler.read(records[0]).source
    now = asyncio.get_running_loop().time()
    for _ in range(8):
        harness.pace.fetching(source, 0.0)
        harness.pace.fetched(source, 0.0, 2.0)
    for record in records:
        delay = harness.pace.deferrals.defer(source, now)
        await harness.handler.execute(harness.handler.read(record), defer_by=timedelta(seconds=delay + 2 * SOON))
    await harness.sources.run_pass()
    assert await harness.due.run_pass() == 20
    assert harness.pace.deferrals.to_release(now) == []
