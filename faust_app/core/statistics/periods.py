"""Days rolled up into days, ISO weeks and months, one way for every source of the figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final

from faust_app.core.statistics.figures import Day, Figures, Source, total
from faust_app.core.statistics.ranges import DayRange, whole_month

_BY_DAY: Final = 45
_BY_WEEK: Final = 100


class Granularity(StrEnum):
    """What one row of a report stands for."""

    DAY = "day"
    WEEK = "week"  #: an ISO week, from Monday on
    MONTH = "month"


class Extent(StrEnum):
    """How much of a period its row shows."""

    WHOLE = "whole"
    CUT = "cut"  #: the range begins or ends inside of the period
    RUNNING = "running"  #: today lies in the period


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of a period, as far as it lies in the range.

    `figures` are the sum of the days that are known, None where no day is; `bytes_stored` is that of the last day, None where it is not
    known. `missing` counts the days that are not known.
    """

    period: DayRange
    shown: DayRange
    extent: Extent
    figures: Figures | None
    bytes_stored: int | None
    missing: int = 0
    sources: Mapping[Source, int] = field(default_factory=dict)

    @property
    def is_incomplete(self) -> bool:
        """Whether a day of it is not known."""
        return self.missing > 0


def default_granularity(shown: DayRange) -> Granularity:
    """Return what a row stands for where nobody chose: so that a chart has no more bars than the eye can follow."""
    if len(shown) <= _BY_DAY:
        return Granularity.DAY
    return Granularity.WEEK if len(shown) <= _BY_WEEK else Granularity.MONTH


def period_of(day: date, by: Granularity) -> DayRange:
    """Return the whole period that the day lies in."""
    if by is Granularity.MONTH:
        return whole_month(day)
    if by is Granularity.WEEK:
        monday = day - timedelta(days=day.weekday())
        return DayRange(monday, monday + timedelta(days=6))
    return DayRange(day, day)


def roll_up(days: Iterable[Day], by: Granularity, today: date) -> tuple[Row, ...]:
    """Return a row for each period of the days, which follow each other without a gap."""
    number_of = _NUMBERS[by]
    grouped = (list(group) for _, group in groupby(days, key=lambda day: number_of(day.date)))
    return tuple(_row(period_of(group[0].date, by), group, today) for group in grouped)


_NUMBERS: Final[Mapping[Granularity, Callable[[date], int]]] = {
    Granularity.DAY: date.toordinal,
    Granularity.WEEK: lambda day: (day.toordinal() - 1) // 7,  # day 1 was a Monday
    Granularity.MONTH: lambda day: day.year * 12 + day.month,
}
"""Numbers that are the same for two days of one period, without the dates of its ends: a page asks for some hundred days."""


def total_row(days: Sequence[Day], today: date) -> Row:
    """Return one row for all days, of which there is at least one."""
    return _row(DayRange(days[0].date, days[-1].date), days, today)


def _row(period: DayRange, days: Sequence[Day], today: date) -> Row:
    shown = DayRange(days[0].date, days[-1].date)
    extent = Extent.RUNNING if today in period else Extent.WHOLE if shown == period else Extent.CUT
    known = [day.figures for day in days if day.figures is not None]
    return Row(
        period,
        shown,
        extent,
        total(known) if known else None,
        days[-1].bytes_stored,
        len(days) - len(known),
        Counter(day.source for day in days),
    )
