"""How final the figures of a range are: which months are closed, which are not yet, and which days are read anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from faust_app.core.statistics.calendar import closing_day
from faust_app.core.statistics.figures import Day, Source
from faust_app.core.statistics.ranges import DayRange
from faust_app.core.statistics.report import ClosedMonth, Correction


@dataclass(frozen=True, slots=True)
class MonthState:
    """Whether a month's figures are final. `closes_on` is the day from which on they are, where they are not yet."""

    month: date
    closed: ClosedMonth | None
    closes_on: date


def month_states(shown: DayRange, closed: Iterable[ClosedMonth], close_day: int) -> list[MonthState]:
    """Return the state of each month of the range; a month is closed on the `close_day`-th day after its end."""
    by_month = {each.month: each for each in closed}
    return [MonthState(month, by_month.get(month), closing_day(month, close_day)) for month in shown.months]


def refreshing(days: Iterable[Day], today: date) -> int:
    """Count the days before today whose figures were counted just now instead of read as they were loaded."""
    return sum(day.source in {Source.LIVE, Source.FALLBACK} and day.date != today for day in days)


def corrections_in(shown: DayRange, corrections: Iterable[Correction]) -> Sequence[Correction]:
    """Return the corrections of days of the range, those that an operator still has to decide included."""
    return [each for each in corrections if each.day in shown]
