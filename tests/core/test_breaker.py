"""When calls, fetches and outcomes say stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.breaker import CALL_SECONDS, Tally, Window, dependency_is_unavailable, probe_delay, release_is_broken


@pytest.mark.parametrize(
    ("calls", "bad", "unavailable"), [(0, 0, False), (19, 19, False), (20, 9, False), (20, 10, True), (1000, 499, False), (1000, 500, True)]
)
def test_a_dependency_is_unavailable_when_half_of_twenty_calls_fail(calls: int, bad: int, unavailable: bool) -> None:  # noqa: FBT001 - a column
    assert dependency_is_unavailable(Tally(calls, bad)) is unavailable


@pytest.mark.parametrize(
    ("calls", "bad", "shops", "broken"), [(50, 10, 5, True), (49, 49, 5, False), (50, 9, 5, False), (50, 50, 4, False)]
)
def test_a_release_is_broken_by_a_fifth_of_fifty_internal_errors_over_five_shops(
    calls: int,
    bad: int,
    shops: int,
    broken: bool,  # noqa: FBT001 - a column
) -> None:
    assert release_is_broken(Tally(calls, bad, set(range(shops)))) is broken


def test_probes_come_after_five_seconds_doubling_to_a_minute() -> None:
    assert [probe_delay(n) for n in range(6)] == [5, 10, 20, 40, 60, 60]


def test_what_is_older_than_the_window_is_forgotten() -> None:
    window = Window(CALL_SECONDS)
    window.add(100.2, bad=True, shop=1, host="a")
    window.add(109.9, bad=False)
    assert window.tally(109.9) == Tally(2, 1, {1}, {"a"})
    assert window.tally(110.5) == Tally(1, 0)
    window.clear()
    assert window.tally(110.5) == Tally()


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans(), st.integers(1, 30)), max_size=200))
def test_a_window_counts_every_call_of_its_time_and_remembers_few_shops(calls: list[tuple[float, bool, int]]) -> None:
    window, now, when = Window(10), 1000.0, []
    for pause, bad, shop in calls:
        now += pause
        window.add(now, bad=bad, shop=shop)
        when.append((now, bad))
    recent = [bad for at, bad in when if int(at) > now - 10]
    tally = window.tally(now)
    assert (tally.calls, tally.bad) == (len(recent), sum(recent))
    assert len(tally.shops) <= 8 * 11
