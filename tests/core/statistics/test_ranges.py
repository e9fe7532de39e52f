"""Ranges of a report: presets, and days that somebody typed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.ranges import DayRange, Preset, RangeFault, preset_range, read_range, same_day, whole_month

TODAY = date(2026, 11, 28)
TODAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        (Preset.TODAY, date(2026, 11, 28), TODAY),
        (Preset.YESTERDAY, date(2026, 11, 27), date(2026, 11, 27)),
        (Preset.DAYS_7, date(2026, 11, 22), TODAY),
        (Preset.DAYS_30, date(2026, 10, 30), TODAY),
        (Preset.THIS_MONTH, date(2026, 11, 1), TODAY),
        (Preset.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31)),
        (Preset.MONTHS_3, date(2026, 9, 1), TODAY),
        (Preset.MONTHS_12, date(2025, 12, 1), TODAY),
        (Preset.MONTHS_13, date(2025, 11, 1), TODAY),
    ],
)
def test_a_preset_names_days_that_move_with_today(preset: Preset, first: date, last: date) -> None:
    assert preset_range(preset, TODAY) == DayRange(first, last)


@given(TODAYS, st.sampled_from(Preset))
def test_every_preset_can_be_typed_too_whatever_the_day(today: date, preset: Preset) -> None:
    shown = preset_range(preset, today)
    assert read_range(shown.first.isoformat(), shown.last.isoformat(), today) == shown
    assert len(list(shown)) == len(shown) >= 1
    assert all(day in shown for day in shown)


@given(TODAYS)
def test_the_longest_preset_is_readable_and_reaches_the_same_month_a_year_before(today: date) -> None:
    shown = preset_range(Preset.MONTHS_13, today)
    assert 366 <= len(shown) <= 397
    assert same_day(today, -12) in shown


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-01", "2026-11-28", DayRange(date(2026, 11, 1), TODAY)),
        ("2026-11-28", "", DayRange(TODAY, TODAY)),
        ("2025-09-01", "2026-09-30", DayRange(date(2025, 9, 1), date(2026, 9, 30))),
        ("2025-09-01", "2026-10-02", {"from": RangeFault.TOO_LONG}),
        ("2025-08-31", "2026-01-01", {"from": RangeFault.TOO_OLD}),
        ("2026-11-20", "2026-11-19", {"from": RangeFault.REVERSED}),
        ("2026-11-20", "2026-11-29", {"to": RangeFault.FUTURE}),
        ("2026-11-29", "2026-11-30", {"from": RangeFault.FUTURE, "to": RangeFault.FUTURE}),
        ("", "2026-11-20", {"from": RangeFault.MISSING}),
        ("", "", {"from": RangeFault.MISSING}),
        ("2026-02-30", "28.11.2026", {"from": RangeFault.NOT_A_DAY, "to": RangeFault.NOT_A_DAY}),
        ("2026-W05-1", "", {"from": RangeFault.NOT_A_DAY}),
        ("20261101", "", {"from": RangeFault.NOT_A_DAY}),
        ("2026-1\N{ARABIC-INDIC DIGIT ONE}-01", "", {"from": RangeFault.NOT_A_DAY}),
        ("1' OR '1'='1", "2026-11-01;--", {"from": RangeFault.NOT_A_DAY, "to": RangeFault.NOT_A_DAY}),
    ],
)  # fmt: skip
def test_a_range_that_is_typed_is_read_or_refused_beside_its_field(first: str, last: str, expected: object) -> None:
    assert read_range(first, last, TODAY) == expected


@given(TODAYS, st.text(max_size=12), st.text(max_size=12))
def test_nothing_that_is_typed_makes_a_range_that_cannot_be_read(today: date, first: str, last: str) -> None:
    found = read_range(first, last, today)
    if isinstance(found, DayRange):
        assert first_kept(today) <= found.first <= found.last <= today
    else:
        assert set(found) <= {"from", "to"}
        assert found


@given(st.dates(), st.integers(-14, 14))
def test_a_month_later_is_the_same_day_or_the_end_of_a_shorter_month(day: date, months: int) -> None:
    if not 2 <= day.year <= 9997:
        return
    moved = same_day(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or moved == whole_month(moved).last
    assert moved.day <= day.day


@given(TODAYS)
def test_a_month_has_28_to_31_days_and_begins_where_the_one_before_ends(day: date) -> None:
    month = whole_month(day)
    assert len(month) in {28, 29, 30, 31}
    assert day in month
    assert month.has_whole_months
    assert whole_month(month.first - timedelta(days=1)).last + timedelta(days=1) == month.first
