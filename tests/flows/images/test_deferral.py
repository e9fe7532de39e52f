"""What waits behind a slow source is put off, what runs long is handed over: nothing is lost, counted or done twice."""

import asyncio
from datetime import timedelta

from faust_app.core.dispatch.pace import SOON
from faust_app.core.images.row import ImageState, WakeReason
from faust_app.core.messages.events import Op
from faust_app.core.sources.content import Fetched
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_record, make_request
from tests.flows.worker_harness import JPEG, WorkerBench


async def test_an_event_that_is_put_off_is_due_then_and_costs_no_attempt(bench: WorkerBench) -> None:
    event = bench.handler.read(event_record(await bench.accept()))
    assert await bench.handler.put_off(event, timedelta(seconds=30)) is Handled.DONE
    row = bench.row
    assert (row.state, row.attempt, row.rescues, row.wake_reason, row.position) == (
        ImageState.IN_PROGRESS, 0, 0, WakeReason.PARKED, None,
    )  # fmt: skip
    assert row.wake_at is not None
    assert timedelta(seconds=29) < row.wake_at - await bench.rows.now() <= timedelta(seconds=30)
    assert bench.fetcher.fetched == []


async def test_a_superseded_event_is_skipped_and_a_delete_is_done_rather_than_put_off(bench: WorkerBench) -> None:
    old = bench.handler.read(event_record(await bench.accept()))
    delete = bench.handler.read(event_record(await bench.accept(Op.DELETE)))
    await bench.handler.put_off(old, timedelta(seconds=30))
    assert bench.row.wake_reason is not WakeReason.PARKED
    await bench.handler.put_off(delete, timedelta(seconds=30))
    assert bench.row.state is ImageState.DELETED


async def test_a_record_that_cannot_be_read_is_a_dead_letter_rather_than_put_off_or_handed_over(bench: WorkerBench) -> None:
    event = bench.handler.read(make_record(b"no event"))
    assert not await bench.handler.hand_over(event)
    assert await bench.handler.put_off(event, timedelta(seconds=30)) is Handled.DONE
    assert bench.letters() == ["unparseable"]


async def test_an_event_that_was_handed_over_ends_as_ever(bench: WorkerBench) -> None:
    event = bench.handler.read(event_record(await bench.accept()))
    bench.fetcher.gate.clear()
    task = asyncio.create_task(bench.handler(event))
    while not bench.fetcher.fetched:
        await asyncio.sleep(0)
    assert await bench.handler.hand_over(event)
    assert (bench.row.wake_reason, bench.row.position, bench.row.attempt) == (WakeReason.RUNNING, None, 0)
    bench.fetcher.gate.set()
    assert await task is Handled.DONE
    assert (bench.row.state, bench.row.wake_at, bench.row.wake_reason) == (ImageState.DONE, None, None)


async def test_an_event_that_was_handed_over_and_never_ends_is_published_again_by_its_row(bench: WorkerBench) -> None:
    event = bench.handler.read(event_record(await bench.accept()))
    assert await bench.handler.hand_over(event)
    assert await bench.due.run_pass() == 0
    bench.rows.advance += timedelta(seconds=46)
    assert await bench.due.run_pass() == 1


async def test_waking_what_is_parked_leaves_alone_what_a_worker_is_at(bench: WorkerBench) -> None:
    event = bench.handler.read(event_record(await bench.accept()))
    assert await bench.handler.hand_over(event)
    assert await bench.rows.wake_parked(7, None, 10) == 0


async def test_nothing_is_handed_over_once_the_row_has_moved_on_or_the_database_is_away(bench: WorkerBench) -> None:
    event = bench.handler.read(event_record(await bench.accept()))
    bench.rows.away = True
    assert not await bench.handler.hand_over(event)
    bench.rows.away = False
    await bench.handler(event)
    assert not await bench.handler.hand_over(event)
    assert bench.row.state is ImageState.DONE


async def test_what_was_put_off_too_far_is_called_back_when_its_source_runs_out(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = Fetched(JPEG)
    records = [event_record(await bench.accept_request(make_request(7, f"i{n}"))) for n in range(20)]
    source = bench.handler.read(records[0]).source
    now = asyncio.get_running_loop().time()
    for _ in range(8):
        bench.pace.fetching(source, 0.0)
        bench.pace.fetched(source, 0.0, 2.0)
    for record in records:
        delay = bench.pace.put_off(source, now)
        await bench.handler.put_off(bench.handler.read(record), timedelta(seconds=delay + 2 * SOON))
    await bench.sources.run_pass()
    assert await bench.due.run_pass() == 20
    assert bench.pace.to_call_back(now) == []
