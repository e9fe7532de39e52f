"""An error of ours is not the shop's fault."""

import asyncio
import traceback
from collections.abc import Callable

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageState, ScheduleReason
from faust_app.core.sources.content import Fetched
from faust_app.flows.resilience import internal_error_breaker as breaker_module
from tests.factories import SOURCE, event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerHarness


async def meet(harness: WorkerHarness, shop_no: int, image_id: str) -> None:
    await harness.execute(event_record(await harness.accept_request(make_request(shop_no, image_id))))


async def test_an_error_of_ours_is_tried_again_and_keeps_its_traceback(harness: WorkerHarness, caplog: pytest.LogCaptureFixture) -> None:
    harness.fetcher.sources[SOURCE] = ZeroDivisionError("the bug")
    await harness.execute(event_record(await harness.accept()))
    assert (harness.row.state, harness.row.attempt, harness.row.error_code) == (ImageState.IN_PROGRESS, 1, "internal_error")
    assert harness.letters() == []
    (error,) = [record.msg["exc_info"] for record in caplog.records if isinstance(record.msg, dict) and "exc_info" in record.msg]
    assert "ZeroDivisionError: the bug" in "".join(traceback.format_exception(error))
    assert error.__traceback__ is not None


async def test_a_shop_whose_images_meet_a_bug_in_a_row_is_deferred_and_no_other(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(11):
        await meet(harness, 1, f"i{n}")
    deferred = harness.rows.rows[1, b"i10"]
    assert harness.alerts.words == [("open", FaultKind.SHOP_INTERNAL_ERRORS, None)]
    assert (deferred.attempt, deferred.schedule_reason) == (0, ScheduleReason.DEFERRED)
    assert harness.internal_errors.stop_reason is None
    harness.fetcher.sources[SOURCE] = Fetched(JPEG)
    await meet(harness, 2, "a")
    assert harness.rows.rows[2, b"a"].state is ImageState.DONE


async def broken_release(harness: WorkerHarness) -> None:
    for n in range(40):
        await meet(harness, 100 + n, "good")
    harness.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(10):
        await meet(harness, n + 1, "bad")


async def test_a_broken_release_stops_its_worker_instead_of_dead_lettering_everything(harness: WorkerHarness) -> None:
    await harness.internal_errors.run_pass()
    assert harness.internal_errors.may_start
    await broken_release(harness)
    assert not harness.internal_errors.may_start
    assert harness.letters() == []
    await harness.internal_errors.run_pass()
    assert harness.register.stopped == "10 of 50 outcomes in 60 s were errors of our own code."


async def test_the_internal_error_breaker_stays_on_over_a_restart_and_is_lifted_by_its_row(harness: WorkerHarness) -> None:
    harness.register.stopped = "from before"
    assert not harness.internal_errors.may_start, "nobody knows yet"
    await harness.internal_errors.run_pass()
    assert (harness.internal_errors.may_start, harness.internal_errors.stop_reason) == (False, "from before")
    harness.register.stopped = None
    await harness.internal_errors.run_pass()
    assert harness.internal_errors.may_start


async def test_the_internal_error_breaker_opens_an_alert_and_lifted_closes_it(harness: WorkerHarness) -> None:
    started = asyncio.create_task(harness.held.released())
    harness.register.stopped = "bugs"
    await harness.internal_errors.run_pass()
    assert (harness.alerts.words, started.done()) == ([("open", FaultKind.INTERNAL_ERROR_BREAKER, None)], False)
    assert harness.alerts.faults[FaultKind.INTERNAL_ERROR_BREAKER, None].detail == "bugs"
    harness.register.stopped = None
    await harness.internal_errors.run_pass()
    assert harness.alerts.words[-1] == ("close", FaultKind.INTERNAL_ERROR_BREAKER, None)
    await started


async def test_an_internal_error_breaker_that_cannot_be_written_is_open_and_written_later(harness: WorkerHarness) -> None:
    await harness.internal_errors.run_pass()
    harness.register.unavailable = True
    await broken_release(harness)
    with pytest.raises(Unavailable):
        await harness.internal_errors.run_pass()
    assert not harness.internal_errors.may_start
    harness.register.unavailable = False
    await harness.internal_errors.run_pass()
    assert harness.register.stopped is not None
    assert not harness.internal_errors.may_start


async def test_a_deferred_shop_goes_on_when_one_of_its_images_gets_through(harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.fetcher.sources[SOURCE] = ZeroDivisionError()
    for n in range(11):
        await meet(harness, 1, f"i{n}")
    harness.fetcher.sources[SOURCE] = Fetched(JPEG)
    clock = _clock_ahead(61)
    monkeypatch.setattr(breaker_module, "_now", clock)
    await meet(harness, 1, "probe")
    assert harness.rows.rows[1, b"probe"].state is ImageState.DONE
    assert harness.alerts.faults == {}, "no shop is deferred any more"
    await harness.internal_errors.run_pass()
    assert harness.rows.rows[1, b"i10"].scheduled_at is not None
    assert harness.rows.rows[1, b"i10"].scheduled_at <= await harness.rows.now()


def _clock_ahead(seconds: float) -> Callable[[], float]:
    original = breaker_module._now
    return lambda: original() + seconds
