"""Which failure is tried again, when, and which is final."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable
from faust_app.core.images.outcome import Failed, Retry
from faust_app.core.images.retry import JITTER, SECOND_LOOK, Backoff, decide_retry
from faust_app.core.messages.events import MAX_RETRIES
from faust_app.core.retry_after import MAX_RETRY_AFTER
from tests.factories import accepted_row

BACKOFF = Backoff()


def seconds(attempt: int, failure: Failure, *, jitter: float = 1.0, last: str | None = None) -> float | None:
    """Return the delay of the retry, None where the failure is final."""
    judged = decide_retry(accepted_row(attempt=attempt, error_code=last), failure, BACKOFF, jitter=jitter)
    match judged:
        case Retry():
            return judged.delay.total_seconds()
        case Failed():
            return None
        case _:
            raise AssertionError(judged)


@pytest.mark.parametrize(("attempt", "delay"), [(0, 10), (1, 60), (2, 300), (3, None)])
def test_a_transient_failure_is_tried_again_three_times_and_then_final(attempt: int, delay: float | None) -> None:
    assert seconds(attempt, Transient(FailureCode.SOURCE_ERROR)) == delay


@pytest.mark.parametrize(("asked", "delay"), [(None, 10), (0, 10), (3, 10), (45, 45), (3600, 3600), (86_400, 3600)], ids=str)
def test_the_sources_own_request_is_honoured_up_to_an_hour_and_never_shortens_the_wait(asked: float | None, delay: float) -> None:
    assert seconds(0, Transient(FailureCode.SOURCE_BUSY, retry_after=asked)) == delay


@pytest.mark.parametrize("code", [code for code in FailureCode if code not in {FailureCode.SOURCE_NOT_FOUND, FailureCode.SOURCE_FORBIDDEN}])
def test_a_permanent_failure_is_final_at_once(code: FailureCode) -> None:
    assert seconds(0, Permanent(code)) is None


@pytest.mark.parametrize("code", [FailureCode.SOURCE_NOT_FOUND, FailureCode.SOURCE_FORBIDDEN])
@pytest.mark.parametrize(
    ("attempt", "last", "again"),
    [(0, None, True), (1, "the same", False), (1, "source_error", True), (2, "source_error", True), (3, "source_error", False)],
)
def test_a_missing_image_is_asked_for_once_more_after_a_minute(code: FailureCode, attempt: int, last: str | None, again: bool) -> None:  # noqa: FBT001 - a column of the table
    last = code.value if last == "the same" else last
    assert seconds(attempt, Permanent(code), last=last) == (SECOND_LOOK if again else None)


@pytest.mark.parametrize("dependency", Dependency)
@pytest.mark.parametrize("attempt", range(4))
def test_an_outage_of_ours_is_no_outcome_at_any_attempt(dependency: Dependency, attempt: int) -> None:
    unavailable = Unavailable(dependency, "d")
    assert decide_retry(accepted_row(attempt=attempt), unavailable, BACKOFF, jitter=1.0) is unavailable


@given(st.integers(0, MAX_RETRIES - 1), st.floats(*JITTER), st.none() | st.floats(0, 1e6))
def test_no_retry_comes_before_its_curve_nor_long_after_it(attempt: int, jitter: float, asked: float | None) -> None:
    delay = seconds(attempt, Transient(FailureCode.SOURCE_ERROR, retry_after=asked), jitter=jitter)
    curve = BACKOFF.before(attempt + 1)
    assert delay is not None
    assert curve * JITTER[0] - 1e-6 <= delay <= max(curve * JITTER[1], MAX_RETRY_AFTER) + 1e-6


def test_an_outcome_names_the_failure_as_it_came() -> None:
    row = accepted_row()
    judged = decide_retry(row, Transient(FailureCode.SOURCE_TIMEOUT, "3 s"), BACKOFF, jitter=1.25)
    assert judged == Retry(row, FailureCode.SOURCE_TIMEOUT, "3 s", timedelta(seconds=12.5))
