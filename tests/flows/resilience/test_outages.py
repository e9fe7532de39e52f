"""An outage of ours spends nothing: the event goes back, nothing starts, and the worker looks by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from faust_app.core.failure import Dependency, FailureCode, Permanent, RecordRefused, Unavailable
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.record import Message
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images.executor import Handled
from tests.factories import SOURCE, event_record, make_record
from tests.flows.worker_harness import JPEG, WorkerBench


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.0005)


def never(*_: object) -> Awaitable[None]:
    return asyncio.get_running_loop().create_future()


def untouched(row: ImageRow) -> bool:
    return (row.state, row.attempt, row.error_code) == (ImageState.IN_PROGRESS, 0, None)


@pytest.mark.parametrize("dependency", [Dependency.STORAGE, Dependency.DATABASE])
async def test_an_event_that_meets_an_outage_is_returned_and_the_breaker_opens_and_closes_by_itself(
    bench: WorkerBench, dependency: Dependency
) -> None:
    changes: list[bool] = []
    bench.breakers.on_change = lambda breaker: changes.append(breaker.is_open)
    record = event_record(await bench.accept())
    part = bench.store if dependency is Dependency.STORAGE else bench.rows
    part.away = True
    assert await bench.ingest(record) is Handled.RETURNED
    assert not bench.breakers.all_closed
    assert dependency.value in bench.breakers.reasons[0]
    assert untouched(bench.row)
    part.away = False
    await bench.breakers[dependency].closed()
    assert (bench.breakers.reasons, changes) == ([], [True, False])
    assert await bench.ingest(record) is Handled.DONE
    assert (bench.row.state, bench.row.attempt, bench.letters()) == (ImageState.DONE, 0, [])


async def test_an_object_that_alone_is_refused_halts_nobody_and_is_judged_as_a_bug_the_third_time(bench: WorkerBench) -> None:
    async def refuse(_: str) -> None:
        raise Unavailable(Dependency.STORAGE, "AccessDenied")

    bench.store.before_put = refuse
    assert await bench.ingest(event_record(await bench.accept())) is Handled.DONE
    assert bench.breakers.all_closed
    assert len(bench.fetcher.fetched) == 3
    assert (bench.row.state, bench.row.attempt, bench.row.error_code) == (ImageState.IN_PROGRESS, 1, "internal_error")


async def test_half_of_twenty_calls_open_a_breaker_whose_probe_answers(bench: WorkerBench) -> None:
    storage = bench.breakers[Dependency.STORAGE]
    for _ in range(10):
        storage.succeeded()
    answers = [await storage.failed(Unavailable(Dependency.STORAGE, "SlowDown")) for _ in range(10)]
    assert answers == [False] * 9 + [True]


async def test_events_that_find_a_dependency_away_at_once_share_one_probe(bench: WorkerBench) -> None:
    asked = 0

    async def probe() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.001)

    storage = bench.breakers[Dependency.STORAGE]
    storage._probe = probe
    assert await asyncio.gather(*(storage.failed(Unavailable(Dependency.STORAGE)) for _ in range(15))) == [False] * 15
    assert asked == 1


async def test_an_absent_database_is_waited_for_and_the_outcome_is_kept(bench: WorkerBench) -> None:
    row = await bench.accept()

    async def lose_database(_: str) -> None:
        bench.rows.away = True

    bench.store.before_put = lose_database
    task = asyncio.create_task(bench.ingest(event_record(row)))
    await until(lambda: not bench.breakers.all_closed)
    assert not task.done()
    bench.rows.away = False
    assert await task is Handled.DONE
    assert (bench.row.state, len(bench.store.puts)) == (ImageState.DONE, 1)


async def test_a_row_does_not_fail_before_its_dead_letter_is_acknowledged(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = Permanent(FailureCode.SOURCE_GONE)
    bench.log.away = True
    task = asyncio.create_task(bench.ingest(event_record(await bench.accept())))
    await until(lambda: bench.breakers[Dependency.KAFKA].is_open)
    assert untouched(bench.row)
    bench.log.away = False
    await task
    assert (bench.row.state, bench.letters()) == (ImageState.FAILED, ["source_gone"])


async def test_only_a_cancellation_ends_the_wait_of_an_outcome(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = Permanent(FailureCode.SOURCE_GONE)
    bench.log.away = True
    task = asyncio.create_task(bench.ingest(event_record(await bench.accept())))
    await until(lambda: bench.breakers[Dependency.KAFKA].is_open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert untouched(bench.row)


async def test_a_deadline_that_strikes_the_fetch_is_the_sources_failure(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    short = WorkerBench(deadline=0.02)
    monkeypatch.setattr(short.fetcher, "fetch", never)
    await short.ingest(event_record(await short.accept()))
    assert (short.row.attempt, short.row.error_code) == (1, "source_timeout")
    await short.breakers.stop()


async def test_a_deadline_that_strikes_the_put_is_an_absence_of_storage(bench: WorkerBench) -> None:
    short = WorkerBench(deadline=0.02)
    short.store.before_put = never
    short.store.away = False

    async def storage_hangs() -> None:
        raise Unavailable(Dependency.STORAGE, "the probe hangs too")

    short.breakers[Dependency.STORAGE]._probe = storage_hangs
    assert await short.ingest(event_record(await short.accept())) is Handled.RETURNED
    assert untouched(short.row)
    await short.breakers.stop()


async def test_a_fetcher_that_answers_again_needs_no_attempt(bench: WorkerBench) -> None:
    answers: list[Unavailable | Fetched] = [Unavailable(Dependency.KAFKA, "x"), Fetched(JPEG)]

    async def fetch(url: str, validators: Validators) -> Fetched:
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    bench.fetcher.fetch = fetch  # type: ignore[method-assign]
    await bench.ingest(event_record(await bench.accept()))
    assert (bench.row.state, bench.row.attempt) == (ImageState.DONE, 0)


async def test_a_record_that_kafka_will_never_take_leaves_no_error_behind(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(messages: Sequence[Message]) -> list[RecordRefused]:
        return [RecordRefused("MessageSizeTooLargeError")] * len(messages)

    monkeypatch.setattr(bench.log, "publish", refuse)
    assert await bench.ingest(make_record(b"no event")) is Handled.DONE
    assert (bench.count("unsettled"), bench.breakers.all_closed) == (1, True)
