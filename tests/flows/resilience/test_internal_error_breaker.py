"""An error of ours is not the shop's fault."""

from collections.abc import Callable

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageState, WakeReason
from faust_app.core.sources.content import Fetched
from faust_app.flows.resilience import internal_error_breaker as bugs_module
from tests.factories import SOURCE, event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerBench


async def meet(bench: WorkerBench, shop_no: int, image_id: str) -> None:
    await bench.ingest(event_record(await bench.accept_request(make_request(shop_no, image_id))))


async def test_an_error_of_ours_is_tried_again_and_keeps_its_traceback(
    bench: WorkerBench, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bench.fetcher.sources[SOURCE] = ZeroDivisionError("the bug")
    await bench.ingest(event_record(await bench.accept()))
    assert (bench.row.state, bench.row.attempt, bench.row.error_code) == (ImageState.IN_PROGRESS, 1, "internal_error")
    assert bench.letters() == []
    assert "ZeroDivisionError: the bug" in capsys.readouterr().out + caplog.text


async def test_a_shop_whose_images_meet_a_bug_in_a_row_is_parked_and_no_other(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(11):
        await meet(bench, 1, f"i{n}")
    parked = bench.rows.rows[1, b"i10"]
    assert (parked.attempt, parked.wake_reason) == (0, WakeReason.PARKED)
    assert bench.bugs.brake is None
    bench.fetcher.sources[SOURCE] = Fetched(JPEG)
    await meet(bench, 2, "a")
    assert bench.rows.rows[2, b"a"].state is ImageState.DONE


async def broken_release(bench: WorkerBench) -> None:
    for n in range(40):
        await meet(bench, 100 + n, "good")
    bench.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(10):
        await meet(bench, n + 1, "bad")


async def test_a_broken_release_stops_its_worker_instead_of_dead_lettering_everything(bench: WorkerBench) -> None:
    await bench.bugs.run_pass()
    assert bench.bugs.may_start
    await broken_release(bench)
    assert not bench.bugs.may_start
    assert bench.letters() == []
    await bench.bugs.run_pass()
    assert bench.register.stopped == "10 of 50 outcomes in 60 s were errors of our own code."


async def test_the_brake_stays_on_over_a_restart_and_is_lifted_by_its_row(bench: WorkerBench) -> None:
    changes: list[bool] = []
    bench.bugs.on_change = lambda: changes.append(bench.bugs.may_start)
    bench.register.stopped = "from before"
    assert not bench.bugs.may_start, "nobody knows yet"
    await bench.bugs.run_pass()
    assert (bench.bugs.may_start, bench.bugs.brake) == (False, "from before")
    bench.register.stopped = None
    await bench.bugs.run_pass()
    assert (bench.bugs.may_start, changes) == (True, [False, True])


async def test_a_brake_that_cannot_be_written_is_on_all_the_same_and_written_later(bench: WorkerBench) -> None:
    await bench.bugs.run_pass()
    bench.register.away = True
    await broken_release(bench)
    with pytest.raises(Unavailable):
        await bench.bugs.run_pass()
    assert not bench.bugs.may_start
    bench.register.away = False
    await bench.bugs.run_pass()
    assert bench.register.stopped is not None
    assert not bench.bugs.may_start


async def test_a_parked_shop_goes_on_when_one_of_its_images_gets_through(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(11):
        await meet(bench, 1, f"i{n}")
    bench.fetcher.sources[SOURCE] = Fetched(JPEG)
    clock = _clock_ahead(61)
    monkeypatch.setattr(bugs_module, "_now", clock)
    await meet(bench, 1, "probe")
    assert bench.rows.rows[1, b"probe"].state is ImageState.DONE
    await bench.bugs.run_pass()
    assert bench.rows.rows[1, b"i10"].wake_at is not None
    assert bench.rows.rows[1, b"i10"].wake_at <= await bench.rows.now()


def _clock_ahead(seconds: float) -> Callable[[], float]:
    original = bugs_module._now
    return lambda: original() + seconds
