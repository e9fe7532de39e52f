"""What a token bucket lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.operators.rate_limit import Bucket, Rate, full, seconds_to_wait, take

RATE = Rate(10, 30)


def test_a_burst_is_let_through_and_the_next_request_waits_for_its_turn() -> None:
    bucket = full(RATE, 0.0)
    for _ in range(30):
        assert seconds_to_wait(bucket, RATE, 0.0) == 0
        bucket = take(bucket, RATE, 0.0)
    assert seconds_to_wait(bucket, RATE, 0.0) == pytest.approx(0.1)
    assert seconds_to_wait(bucket, RATE, 0.1) == 0


def test_a_batch_leaves_a_debt_that_time_pays() -> None:
    bucket = take(full(RATE, 0.0), RATE, 0.0, 100)
    assert bucket.left == -70
    assert seconds_to_wait(bucket, RATE, 0.0) == pytest.approx(7.1)
    assert seconds_to_wait(bucket, RATE, 7.2) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    assert take(Bucket(5, 10.0), RATE, 3.0) == Bucket(4, 10.0)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_more_is_let_through_than_the_burst_and_the_rate_allow(gaps: list[float]) -> None:
    bucket, now, admitted = full(RATE, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        if seconds_to_wait(bucket, RATE, now) == 0:
            bucket, admitted = take(bucket, RATE, now), admitted + 1
    assert admitted <= RATE.burst + RATE.per_second * now + 1e-6
