"""What a report is compared with: as many days, whole months, or the same days of a month that is over."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.compare import Basis, Compare, earlier_range, share_of_change, sum_of
from faust_app.core.statistics.figures import Day, Figures, Source
from faust_app.core.statistics.ranges import DayRange, Preset, preset_range, whole_month

TODAY = date(2026, 3, 31)


def days(first: str, last: str) -> DayRange:
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("shown", "today", "how", "expected", "basis"),
    [
        (days("2026-11-22", "2026-11-28"), "2026-11-28", Compare.PREVIOUS, days("2026-11-15", "2026-11-21"), Basis.DAYS),
        (days("2026-11-01", "2026-11-28"), "2026-11-28", Compare.PREVIOUS, days("2026-10-01", "2026-10-28"), Basis.SAME_DAYS),
        (days("2026-11-01", "2026-11-28"), "2026-12-05", Compare.PREVIOUS, days("2026-10-04", "2026-10-31"), Basis.DAYS),
        (days("2026-03-01", "2026-03-30"), "2026-03-30", Compare.PREVIOUS, days("2026-02-01", "2026-02-28"), Basis.SAME_DAYS),
        (days("2026-02-01", "2026-02-28"), "2026-03-30", Compare.PREVIOUS, days("2026-01-01", "2026-01-31"), Basis.MONTHS),
        (days("2026-10-01", "2026-11-30"), "2026-12-05", Compare.PREVIOUS, days("2026-08-01", "2026-09-30"), Basis.MONTHS),
        (days("2026-11-30", "2026-11-30"), "2026-11-30", Compare.PREVIOUS, days("2026-11-29", "2026-11-29"), Basis.DAYS),
        (days("2026-02-01", "2026-02-28"), "2026-03-30", Compare.YEAR, days("2025-02-01", "2025-02-28"), Basis.YEAR),
        (days("2024-02-01", "2024-02-29"), "2024-03-30", Compare.YEAR, days("2023-02-01", "2023-02-28"), Basis.YEAR),
        (days("2024-02-10", "2024-02-29"), "2024-03-30", Compare.YEAR, days("2023-02-10", "2023-02-28"), Basis.YEAR),
        (days("2025-02-01", "2025-02-28"), "2025-03-30", Compare.YEAR, days("2024-02-01", "2024-02-29"), Basis.YEAR),
    ],
)
def test_the_earlier_days_and_why_these(shown: DayRange, today: str, how: Compare, expected: DayRange, basis: Basis) -> None:
    earlier = earlier_range(shown, how, date.fromisoformat(today))
    assert earlier is not None
    assert (earlier.range, earlier.basis) == (expected, basis)


def test_what_is_no_longer_kept_is_not_compared_with() -> None:
    assert earlier_range(preset_range(Preset.MONTHS_13, TODAY), Compare.PREVIOUS, TODAY) is None
    assert earlier_range(preset_range(Preset.MONTHS_12, TODAY), Compare.YEAR, TODAY) is None
    assert earlier_range(preset_range(Preset.THIS_MONTH, TODAY), Compare.YEAR, TODAY) is not None


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(0, 200), st.integers(0, 30), st.sampled_from(Compare))
def test_each_row_stands_against_days_of_the_comparison_and_no_two_against_the_same(
    today: date, length: int, back: int, how: Compare
) -> None:
    shown = DayRange(today - timedelta(days=back + length), today - timedelta(days=back))
    earlier = earlier_range(shown, how, today)
    if earlier is None:
        return
    assert first_kept(today) <= earlier.range.first <= earlier.range.last < shown.last
    matched = [day for each in shown for day in earlier.match(DayRange(each, each))]
    assert len(set(matched)) == len(matched)
    assert set(matched) <= set(earlier.range)
    if earlier.basis is Basis.DAYS:
        assert matched == list(earlier.range)
    for month in shown.months:
        whole = whole_month(month)
        if whole.first in shown and whole.last in shown and earlier.months:
            assert earlier.match(whole) == [*whole_month(earlier.match(whole)[0])]


def test_a_day_that_the_month_before_does_not_have_stands_against_nothing() -> None:
    earlier = earlier_range(days("2026-03-01", "2026-03-31"), Compare.PREVIOUS, date(2026, 4, 10))
    assert earlier is not None
    assert earlier.match(days("2026-03-28", "2026-03-28")) == [date(2026, 2, 28)]
    assert earlier.match(days("2026-03-31", "2026-03-31")) == []
    assert earlier.match(days("2026-03-30", "2026-03-31")) == []


def test_a_sum_with_an_unknown_day_is_no_sum() -> None:
    known = {date(2026, 1, n): Day(date(2026, 1, n), Source.SETTLED, Figures(registered=n)) for n in (1, 2)}
    unknown = {**known, date(2026, 1, 3): Day(date(2026, 1, 3), Source.MISSING, None, None)}
    assert sum_of(known, [*known]) == Figures(registered=3)
    assert sum_of(unknown, [*unknown]) is None
    assert sum_of(known, [date(2026, 1, 4)]) is None
    assert sum_of(known, []) is None


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(110, 100, 0.1), (50, 100, -0.5), (0, 0, 0.0), (5, 0, None), (None, 5, None), (5, None, None), (0, 5, -1.0)],
)
def test_a_change_is_a_share_of_what_was(now: int | None, before: int | None, expected: float | None) -> None:
    assert share_of_change(now, before) == expected
