"""The curves that are drawn from samples."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.monitoring.samples import CURVE, POINTS, Curve, Sample, minute_of, peaks, sums
from tests.factories import NOW

WIDTH = CURVE / POINTS


def test_what_happened_is_summed_and_how_things_stood_is_the_worst_of_a_slot() -> None:
    samples = [Sample(NOW - timedelta(minutes=n), oldest_seconds=float(n), done=n) for n in (20, 3, 2, 1)]
    assert sums(samples, lambda each: each.done, NOW).slots[-2:] == (20.0, 6.0)
    assert peaks(samples, lambda each: each.oldest_seconds, NOW).slots[-2:] == (20.0, 3.0)


def test_a_slot_without_a_sample_is_unknown_and_not_zero() -> None:
    curve = sums([Sample(NOW, done=0)], lambda each: each.done, NOW)
    assert (curve.slots[-1], set(curve.slots[:-1])) == (0.0, {None})
    assert peaks([Sample(NOW)], lambda each: each.oldest_seconds, NOW).last is None


def test_the_newest_known_value_and_the_largest_are_told() -> None:
    curve = Curve((None, 3.0, 5.0, None))
    assert (curve.last, curve.most, Curve((None,)).most) == (5.0, 5.0, 0.0)


def test_what_is_not_zero_can_be_seen_beside_the_largest() -> None:
    assert Curve((0.0, 1.0, 1000.0)).heights(40) == [(0, 0.0, 0.0), (1, 1.0, 1.0), (2, 1000.0, 40.0)]


@given(st.lists(st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=3)), max_size=50))
def test_every_sample_of_the_last_day_is_in_one_slot_and_no_other_is(ages: list[timedelta]) -> None:
    curve = sums([Sample(NOW - age, done=1) for age in ages], lambda each: each.done, NOW)
    assert sum(value or 0 for value in curve.slots) == sum(timedelta(0) <= age < CURVE for age in ages)


def test_a_minute_begins_with_its_first_second() -> None:
    assert minute_of(NOW + timedelta(seconds=59, microseconds=5)) == NOW
