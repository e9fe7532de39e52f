"""An outage of ours spends nothing: the event goes back, nothing starts, and the worker looks by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from faust_app.core.alerts.alert import OUTAGES, FaultKind
from faust_app.core.failure import Dependency, FailureCode, Permanent, RecordRefused, Unavailable
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.record import Message
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_record
from tests.flows.worker_harness import JPEG, WorkerHarness


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.0005)


def never(*_: object) -> Awaitable[None]:
    return asyncio.get_running_loop().create_future()


def untouched(row: ImageRow) -> bool:
    return (row.state, row.attempt, row.error_code) == (ImageState.IN_PROGRESS, 0, None)


@pytest.mark.parametrize("dependency", [Dependency.STORAGE, Dependency.DATABASE])
async def test_an_event_that_meets_an_outage_is_returned_and_the_breaker_closes_by_itself(
    harness: WorkerHarness, dependency: Dependency
) -> None:
    record = event_record(await harness.accept())
    part = harness.store if dependency is Dependency.STORAGE else harness.rows
    part.unavailable = True
    assert await harness.execute(record) is Handled.RETURNED
    assert not harness.breakers.all_closed
    assert dependency.value in harness.breakers.reasons[0]
    assert untouched(harness.row)
    part.unavailable = False
    await harness.breakers[dependency].closed()
    assert harness.breakers.reasons == []
    assert harness.alerts.words == [("open", OUTAGES[dependency], None), ("close", OUTAGES[dependency], None)]
    assert await harness.execute(record) is Handled.DONE
    assert (harness.row.state, harness.row.attempt, harness.letters()) == (ImageState.DONE, 0, [])


async def test_a_breaker_opens_and_closes_an_alert_and_lets_events_go_on(harness: WorkerHarness) -> None:
    started = asyncio.create_task(harness.held.released())
    harness.breakers[Dependency.STORAGE].open("PutObject: ServiceUnavailable")
    await asyncio.sleep(0)
    assert not started.done()
    await harness.breakers[Dependency.STORAGE].closed()
    assert harness.alerts.words == [("open", FaultKind.DEPENDENCY_STORAGE, None), ("close", FaultKind.DEPENDENCY_STORAGE, None)]
    await started


async def test_every_dependency_has_an_alert_of_its_own(harness: WorkerHarness) -> None:
    for dependency in Dependency:
        harness.breakers[dependency].open("x")
    assert len({kind for _, kind, _ in harness.alerts.words}) == len(Dependency)
    assert all(fault.detail and fault.waiting == 7 for fault in harness.alerts.faults.values())


async def test_while_an_outage_lasts_its_alert_says_how_many_events_wait_by_now(harness: WorkerHarness) -> None:
    harness.store.unavailable = True
    harness.breakers[Dependency.STORAGE].open("PutObject: ServiceUnavailable")
    harness.waiting = 360
    await until(lambda: harness.alerts.faults[FaultKind.DEPENDENCY_STORAGE, None].waiting == 360)
    assert harness.breakers.reasons


async def test_an_object_that_alone_is_refused_halts_nobody_and_is_an_internal_error_at_last(harness: WorkerHarness) -> None:
    async def refuse(_: str) -> None:
        raise Unavailable(Dependency.STORAGE, "AccessDenied")

    harness.store.before_put = refuse
    assert await harness.execute(event_record(await harness.accept())) is Handled.DONE
    assert harness.breakers.all_closed
    assert len(harness.fetcher.fetched) == 3
    assert (harness.row.state, harness.row.attempt, harness.row.error_code) == (ImageState.IN_PROGRESS, 1, "internal_error")


async def test_half_of_twenty_calls_open_a_breaker_whose_probe_answers(harness: WorkerHarness) -> None:
    storage = harness.breakers[Dependency.STORAGE]
    for _ in range(10):
        storage.succeeded()
    answers = [await storage.failed(Unavailable(Dependency.STORAGE, "SlowDown")) for _ in range(10)]
    assert answers == [False] * 9 + [True]


async def test_events_that_find_a_dependency_away_at_once_share_one_probe(harness: WorkerHarness) -> None:
    asked = 0

    async def probe() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.001)

    storage = harness.breakers[Dependency.STORAGE]
    storage._probe = probe
    assert await asyncio.gather(*(storage.failed(Unavailable(Dependency.STORAGE)) for _ in range(15))) == [False] * 15
    assert asked == 1


async def test_an_unavailable_database_is_waited_for_and_the_outcome_is_kept(harness: WorkerHarness) -> None:
    row = await harness.accept()

    async def lose_database(_: str) -> None:
        harness.rows.unavailable = True

    harness.store.before_put = lose_database
    task = asyncio.create_task(harness.execute(event_record(row)))
    await until(lambda: not harness.breakers.all_closed)
    assert not task.done()
    harness.rows.unavailable = False
    assert await task is Handled.DONE
    assert (harness.row.state, len(harness.store.puts)) == (ImageState.DONE, 1)


async def test_a_row_does_not_fail_before_its_dead_letter_is_acknowledged(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = Permanent(FailureCode.SOURCE_GONE)
    harness.log.unavailable = True
    task = asyncio.create_task(harness.execute(event_record(await harness.accept())))
    await until(lambda: harness.breakers[Dependency.KAFKA].is_open)
    assert untouched(harness.row)
    harness.log.unavailable = False
    await task
    assert (harness.row.state, harness.letters()) == (ImageState.FAILED, ["source_gone"])


async def test_only_a_cancellation_ends_the_wait_of_an_outcome(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = Permanent(FailureCode.SOURCE_GONE)
    harness.log.unavailable = True
    task = asyncio.create_task(harness.execute(event_record(await harness.accept())))
    await until(lambda: harness.breakers[Dependency.KAFKA].is_open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert untouched(harness.row)


async def test_a_deadline_that_strikes_the_fetch_is_the_sources_failure(harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    short = WorkerHarness(deadline=0.02)
    monkeypatch.setattr(short.fetcher, "fetch", never)
    await short.execute(event_record(await short.accept()))
    assert (short.row.attempt, short.row.error_code) == (1, "source_timeout")
    await short.breakers.stop()


async def test_a_deadline_that_strikes_the_put_is_an_outage_of_storage(harness: WorkerHarness) -> None:
    short = WorkerHarness(deadline=0.02)
    short.store.before_put = never
    short.store.unavailable = False

    async def storage_hangs() -> None:
        raise Unavailable(Dependency.STORAGE, "the probe hangs too")

    short.breakers[Dependency.STORAGE]._probe = storage_hangs
    assert await short.execute(event_record(await short.accept())) is Handled.RETURNED
    assert untouched(short.row)
    await short.breakers.stop()


async def test_a_fetcher_that_answers_again_needs_no_attempt(harness: WorkerHarness) -> None:
    answers: list[Unavailable | Fetched] = [Unavailable(Dependency.KAFKA, "x"), Fetched(JPEG)]

    async def fetch(url: str, validators: Validators) -> Fetched:
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    harness.fetcher.fetch = fetch  # type: ignore[method-assign]
    await harness.execute(event_record(await harness.accept()))
    assert (harness.row.state, harness.row.attempt) == (ImageState.DONE, 0)


async def test_a_record_that_kafka_will_never_take_leaves_no_error_behind(harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(messages: Sequence[Message]) -> list[RecordRefused]:
        return [RecordRefused("MessageSizeTooLargeError")] * len(messages)

    monkeypatch.setattr(harness.log, "publish", refuse)
    assert await harness.execute(make_record(b"no event")) is Handled.DONE
    assert (harness.count("unsettled"), harness.breakers.all_closed) == (1, True)
