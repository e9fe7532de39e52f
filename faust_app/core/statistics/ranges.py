"""Which days a report shows: presets, and a range that somebody typed."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.statistics.calendar import REPORTED_MONTHS, days_between, first_kept, month_of, months_between, months_later

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayRange:
    """The days from first to last, both included; never empty."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return iter(days_between(self.first, self.last))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def months(self) -> list[date]:
        """The months that the days lie in."""
        return months_between(self.first, self.last)

    @property
    def has_whole_months(self) -> bool:
        """Whether the range begins with a month and ends with one."""
        return self.first.day == 1 and (self.last + _DAY).day == 1


class Preset(StrEnum):
    """A range that is named, and moves with today."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    DAYS_7 = "7d"
    DAYS_30 = "30d"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    MONTHS_3 = "3m"
    MONTHS_12 = "12m"
    MONTHS_13 = "13m"


class RangeFault(StrEnum):
    """What is wrong with a day of a range."""

    NOT_A_DAY = "not_a_day"  #: not written as YYYY-MM-DD, or not in the calendar
    MISSING = "missing"  #: the end is given without the start
    REVERSED = "reversed"  #: the start is after the end
    FUTURE = "future"  #: the day is after today
    TOO_LONG = "too_long"  #: the range is longer than REPORTED_MONTHS
    TOO_OLD = "too_old"  #: the figures of the day are no longer kept


def same_day(day: date, months: int) -> date:
    """Return the day so many months later, earlier for a negative number; in a shorter month its last day."""
    month = months_later(month_of(day), months)
    return month.replace(day=min(day.day, monthrange(month.year, month.month)[1]))


def whole_month(day: date) -> DayRange:
    """Return the month that the day lies in."""
    first = month_of(day)
    return DayRange(first, months_later(first, 1) - _DAY)


def preset_range(preset: Preset, today: date) -> DayRange:
    """Return the days that the preset names today. All but YESTERDAY and LAST_MONTH end today."""
    yesterday = today - _DAY
    last_month = whole_month(month_of(today) - _DAY)
    return {
        Preset.TODAY: DayRange(today, today),
        Preset.YESTERDAY: DayRange(yesterday, yesterday),
        Preset.DAYS_7: DayRange(today - 6 * _DAY, today),
        Preset.DAYS_30: DayRange(today - 29 * _DAY, today),
        Preset.THIS_MONTH: DayRange(month_of(today), today),
        Preset.LAST_MONTH: last_month,
        Preset.MONTHS_3: _months(3, today),
        Preset.MONTHS_12: _months(12, today),
        Preset.MONTHS_13: _months(REPORTED_MONTHS, today),
    }[preset]


def _months(count: int, today: date) -> DayRange:
    """Return so many calendar months, the running one as far as it has come: a chart by month then has one bar that is not whole."""
    return DayRange(months_later(month_of(today), 1 - count), today)


def read_range(first: str, last: str, today: date) -> DayRange | dict[str, RangeFault]:
    """Read the days that somebody typed; empty `last` stands for today. Faults are by field: `from` or `to`."""
    faults: dict[str, RangeFault] = {}
    start, end = _day(first), _day(last) if last else today
    if start is None:
        faults["from"] = RangeFault.NOT_A_DAY if first else RangeFault.MISSING
    elif start > today:
        faults["from"] = RangeFault.FUTURE
    elif start < first_kept(today):
        faults["from"] = RangeFault.TOO_OLD
    if end is None:
        faults["to"] = RangeFault.NOT_A_DAY
    elif end > today:
        faults["to"] = RangeFault.FUTURE
    if faults or start is None or end is None:
        return faults
    if start > end:
        return {"from": RangeFault.REVERSED}
    if start < same_day(end, -REPORTED_MONTHS):
        return {"from": RangeFault.TOO_LONG}
    return DayRange(start, end)


def _day(text: str) -> date | None:
    if len(text) != len("2026-01-31") or not text.isascii():
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None  # 2026-W05-1 is a day too, in another notation
