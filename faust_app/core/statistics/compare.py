"""The earlier days that a report is compared with, and how much the figures changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.figures import Day, Figures, total
from faust_app.core.statistics.ranges import DayRange, same_day, whole_month

_YEAR: Final = 12


class Compare(StrEnum):
    """What a report is compared with."""

    PREVIOUS = "previous"  #: the days, or months, before it
    YEAR = "year"  #: the same days a year before


class Basis(StrEnum):
    """Which earlier days stand against which: what the reader has to know of a comparison."""

    DAYS = "days"  #: as many days just before
    MONTHS = "months"  #: as many whole months just before
    SAME_DAYS = "same_days"  #: the month is not over: the same days of the one before
    YEAR = "year"  #: the same days a year before


@dataclass(frozen=True, slots=True)
class Earlier:
    """The days that a range is compared with: `days` or `months` before it."""

    range: DayRange
    basis: Basis
    days: int = 0
    months: int = 0

    def match(self, shown: DayRange) -> list[date]:
        """Return the earlier days that stand against these days of the range. A day that no month before has, has none."""
        if not self.months:
            return [day - timedelta(days=self.days) for day in shown]
        if shown == whole_month(shown.first):
            earlier = whole_month(same_day(shown.first, -self.months))
            return [day for day in earlier if day in self.range]
        moved = ((day, same_day(day, -self.months)) for day in shown)
        return [earlier for day, earlier in moved if earlier.day == day.day]


def earlier_range(shown: DayRange, how: Compare, today: date) -> Earlier | None:
    """Return what a range is compared with; None where its figures are no longer kept."""
    earlier = _year_before(shown) if how is Compare.YEAR else _before(shown, today)
    return earlier if earlier.range.first >= first_kept(today) else None


def _year_before(shown: DayRange) -> Earlier:
    return Earlier(_moved(shown, _YEAR), Basis.YEAR, months=_YEAR)


def _before(shown: DayRange, today: date) -> Earlier:
    months = len(shown.months)
    if shown.has_whole_months:
        return Earlier(_moved(shown, months), Basis.MONTHS, months=months)
    if shown.first.day == 1 and shown.last == today:
        return Earlier(_moved(shown, months), Basis.SAME_DAYS, months=months)
    days = len(shown)
    return Earlier(DayRange(shown.first - timedelta(days=days), shown.first - timedelta(days=1)), Basis.DAYS, days=days)


def _moved(shown: DayRange, months: int) -> DayRange:
    last = same_day(shown.last, -months)
    return DayRange(same_day(shown.first, -months), whole_month(last).last if shown.has_whole_months else last)


def sum_of(days: Mapping[date, Day], wanted: list[date]) -> Figures | None:
    """Return the sum of these days; None where one of them is not known, or there is none: part of a sum is no comparison."""
    figures = [day.figures if (day := days.get(each)) is not None else None for each in wanted]
    known = [each for each in figures if each is not None]
    return total(known) if known and len(known) == len(figures) else None


def share_of_change(now: int | None, before: int | None) -> float | None:
    """Return the change as a share of before, 0.1 for a tenth more; None where it has none."""
    if now is None or not before:
        return 0.0 if now == 0 and before == 0 else None
    return (now - before) / before
