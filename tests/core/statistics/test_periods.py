"""Days rolled up into weeks and months: nothing is lost, counted twice, or shown as known where it is not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.statistics.figures import BUCKETS, COUNTS, Day, Figures, Source, Times, total
from faust_app.core.statistics.periods import Extent, Granularity, default_granularity, period_of, roll_up, total_row
from faust_app.core.statistics.ranges import DayRange, Preset, preset_range

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("day", "by", "first", "last"),
    [
        (date(2026, 11, 28), Granularity.DAY, date(2026, 11, 28), date(2026, 11, 28)),
        (date(2026, 12, 31), Granularity.WEEK, date(2026, 12, 28), date(2027, 1, 3)),  # week 53 of 2026
        (date(2027, 1, 1), Granularity.WEEK, date(2026, 12, 28), date(2027, 1, 3)),
        (date(2025, 12, 29), Granularity.WEEK, date(2025, 12, 29), date(2026, 1, 4)),  # week 1 of 2026 begins in 2025
        (date(2026, 3, 29), Granularity.WEEK, date(2026, 3, 23), date(2026, 3, 29)),  # the clocks change
        (date(2024, 2, 29), Granularity.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 2, 1), Granularity.MONTH, date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 12, 31), Granularity.MONTH, date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_day_lies_in_its_week_and_month(day: date, by: Granularity, first: date, last: date) -> None:
    assert period_of(day, by) == DayRange(first, last)


def times_of(milliseconds: int) -> Times:
    bucket = min(max(milliseconds, 1).bit_length() - 1, BUCKETS - 1)
    return Times(1, milliseconds, milliseconds, tuple(int(n == bucket) for n in range(BUCKETS)))


def figures_of(number: int) -> Figures:
    return Figures(**{name: number + place for place, name in enumerate(COUNTS)}, times=times_of(number))


@st.composite
def day_lists(draw: st.DrawFn) -> list[Day]:
    first = draw(st.dates(date(2023, 12, 1), date(2027, 1, 31)))
    numbers = draw(st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=120))
    return [
        Day(first + timedelta(days=n), Source.MISSING, None, None)
        if number is None
        else Day(first + timedelta(days=n), Source.SETTLED, figures_of(number), number)
        for n, number in enumerate(numbers)
    ]


@given(day_lists(), st.sampled_from(Granularity))
def test_no_day_is_lost_or_counted_twice(days: list[Day], by: Granularity) -> None:
    rows = roll_up(days, by, TODAY)
    assert [day for row in rows for day in row.shown] == [day.date for day in days]
    whole = total_row(days, TODAY)
    known = [row.figures for row in rows if row.figures is not None]
    assert (total(known) if known else None) == whole.figures
    assert sum(row.missing for row in rows) == whole.missing == sum(day.figures is None for day in days)
    assert rows[-1].bytes_stored == whole.bytes_stored == days[-1].bytes_stored
    assert sum(sum(row.sources.values()) for row in rows) == len(days)


@given(day_lists(), st.sampled_from(Granularity))
def test_only_the_first_and_the_last_row_can_be_cut(days: list[Day], by: Granularity) -> None:
    rows = roll_up(days, by, date(2030, 1, 1))
    assert all(row.extent is Extent.WHOLE for row in rows[1:-1])
    assert all((row.extent is Extent.WHOLE) == (row.shown == row.period) for row in rows)


def test_the_row_of_today_is_running_even_where_it_is_one_day() -> None:
    days = [Day(TODAY - timedelta(days=n), Source.SETTLED) for n in (1, 0)]
    assert [row.extent for row in roll_up(days, Granularity.DAY, TODAY)] == [Extent.WHOLE, Extent.RUNNING]
    assert [row.extent for row in roll_up(days, Granularity.WEEK, TODAY)] == [Extent.RUNNING]


def test_times_add_up_to_the_quantiles_of_all_images() -> None:
    days = [
        Day(date(2026, 11, n + 1), Source.SETTLED, Figures(times=sum((times_of(ms) for ms in taken), Times())), 0)
        for n, taken in enumerate([[100] * 90, [3000] * 10])
    ]
    (row,) = roll_up(days, Granularity.MONTH, TODAY)
    assert row.figures is not None
    times = row.figures.times
    assert (times.count, times.total, times.longest) == (100, 39_000, 3000)
    assert (times.quantile(0.5), times.quantile(0.95)) == (127, 3000)


def test_a_period_without_any_known_day_has_no_figures_and_no_zeros() -> None:
    days = [Day(date(2026, 11, 2), Source.MISSING, None, None), Day(date(2026, 11, 3), Source.MISSING, None, None)]
    (row,) = roll_up(days, Granularity.WEEK, TODAY)
    assert (row.figures, row.bytes_stored, row.missing, row.is_incomplete) == (None, None, 2, True)


def test_a_chart_has_few_bars_where_nobody_chose() -> None:
    chosen = [
        default_granularity(preset_range(preset, TODAY)) for preset in (Preset.TODAY, Preset.DAYS_30, Preset.MONTHS_3, Preset.MONTHS_13)
    ]
    assert chosen == [Granularity.DAY, Granularity.DAY, Granularity.WEEK, Granularity.MONTH]
