"""The days and months of the platform's zone, and when each is loaded, closed and dropped. Times are UTC without a zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAY: Final = timedelta(days=1)
GRACE: Final = timedelta(minutes=10)
"""A day is loaded so long after its end: every transaction that began in it has ended by then."""
REPORTED_MONTHS: Final = 13
"""The longest report, in months: it holds the same month of the year before."""
KEPT_MONTHS: Final = 14
"""Full months before the running one whose figures are kept."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The times from which and up to which a day, or a month, lasts."""

    start: datetime
    end: datetime


def bounds(day: date, zone: tzinfo) -> Bounds:
    """Return when the day begins and ends: 23 or 25 hours where the clocks change, none where the zone skips it."""
    return Bounds(_midnight(day, zone), _midnight(day + _DAY, zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Where the clocks skip midnight, its time by the old clock is the moment of the change.
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)


def day_of(at: datetime, zone: tzinfo) -> date:
    """Return the day that a time lies in."""
    return at.replace(tzinfo=UTC).astimezone(zone).date()


def month_of(day: date) -> date:
    """Return the first day of the day's month, which stands for the month."""
    return day.replace(day=1)


def months_later(month: date, count: int) -> date:
    """Return the month `count` months later; earlier for a negative count."""
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def month_bounds(month: date, zone: tzinfo) -> Bounds:
    """Return when the month begins and ends."""
    return Bounds(_midnight(month, zone), _midnight(months_later(month, 1), zone))


def days_between(first: date, last: date) -> list[date]:
    """Return the days from first to last, both included."""
    return [first + n * _DAY for n in range((last - first).days + 1)]


def month_days(month: date) -> list[date]:
    """Return the days of a month."""
    return days_between(month, months_later(month, 1) - _DAY)


def months_between(first: date, last: date) -> list[date]:
    """Return the months that the days from first to last lie in."""
    found, month = [], month_of(first)
    while month <= last:
        found.append(month)
        month = months_later(month, 1)
    return found


def last_loadable(now: datetime, zone: tzinfo) -> date:
    """Return the newest day that has been over for GRACE."""
    return day_of(now - GRACE, zone) - _DAY


def first_kept(today: date) -> date:
    """Return the first month whose figures are kept."""
    return months_later(month_of(today), -KEPT_MONTHS)


def is_closed_on(month: date, today: date, close_day: int) -> bool:
    """Return whether the month's figures are final: from the `close_day`-th day after its end on."""
    return today >= closing_day(month, close_day)


def closing_day(month: date, close_day: int) -> date:
    """Return the day on which the month is closed."""
    return months_later(month, 1) + (close_day - 1) * _DAY
