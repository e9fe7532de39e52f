"""What failed log-ins cost, and whom."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.operators.lockout import (
    BUCKETS,
    FIRST_WAIT,
    FORGOTTEN,
    FREE,
    LONGEST_WAIT,
    FailedLogIns,
    bucket_of,
    network_of,
    seconds_to_wait,
    wait_after,
)
from tests.factories import NOW


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0), (FREE, 0), (FREE + 1, 30), (FREE + 2, 60), (FREE + 3, 120), (FREE + 6, 900), (10**6, 900)]
)
def test_the_wait_begins_after_a_few_failures_and_doubles_up_to_a_bound(failures: int, seconds: int) -> None:
    assert wait_after(failures) == timedelta(seconds=seconds)


@given(st.integers(0, 10**6))
def test_more_failures_never_wait_for_less_and_never_for_ever(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1) <= LONGEST_WAIT < FORGOTTEN


@given(st.integers(0, 10**6), st.integers(0, 4000))
def test_the_wait_ends_and_is_then_forgotten(failures: int, passed: int) -> None:
    left = seconds_to_wait(FailedLogIns(failures, NOW), NOW + timedelta(seconds=passed))
    assert left == max(0, wait_after(failures).total_seconds() - passed)
    assert seconds_to_wait(FailedLogIns(failures, NOW), NOW + FORGOTTEN) == 0
    assert seconds_to_wait(None, NOW) == 0


def test_whoever_mistypes_does_not_wait() -> None:
    assert seconds_to_wait(FailedLogIns(FREE, NOW), NOW) == 0
    assert seconds_to_wait(FailedLogIns(FREE + 1, NOW), NOW) == FIRST_WAIT.total_seconds()


@given(st.text())
def test_every_name_has_a_bucket(name: str) -> None:
    assert 0 <= bucket_of(name) < BUCKETS
    assert bucket_of(name) == bucket_of(name)


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (None, "unknown"),
        ("", "unknown"),
        ("x" * 100, "x" * 45),
    ],
)
def test_failures_are_counted_by_what_one_attacker_holds(remote: str | None, network: str) -> None:
    assert network_of(remote) == network
