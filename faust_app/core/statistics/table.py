"""A report as a table: a row for each period, a total, and the earlier figures they are compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from faust_app.core.statistics.compare import Compare, Earlier, earlier_range, sum_of
from faust_app.core.statistics.figures import Day, Figures
from faust_app.core.statistics.periods import Granularity, Row, roll_up, total_row
from faust_app.core.statistics.ranges import DayRange


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to see."""

    shown: DayRange
    by: Granularity
    compare: Compare | None = None

    def earlier(self, today: date) -> Earlier | None:
        """Return what it is compared with; None without a comparison, and where the earlier figures are no longer kept."""
        return None if self.compare is None else earlier_range(self.shown, self.compare, today)


@dataclass(frozen=True, slots=True)
class Before:
    """The earlier figures that a row is compared with; None where they are not known."""

    figures: Figures | None = None
    bytes_stored: int | None = None


NOTHING_BEFORE: Final = Before()


@dataclass(frozen=True, slots=True)
class Table:
    """The rows, oldest first, and their total, each with what was before."""

    question: Question
    today: date
    rows: tuple[Row, ...]
    total: Row
    earlier: Earlier | None
    before: tuple[Before, ...]
    """One for each row."""
    total_before: Before


def tabulate(question: Question, days: Sequence[Day], earlier_days: Sequence[Day], today: date) -> Table:
    """Return the table of a question from its days, and from those of its comparison."""
    rows, earlier = roll_up(days, question.by, today), question.earlier(today)
    if earlier is None:
        return Table(question, today, rows, total_row(days, today), None, (NOTHING_BEFORE,) * len(rows), NOTHING_BEFORE)
    by_date = {day.date: day for day in earlier_days}
    before = tuple(_before(by_date, earlier.match(row.shown)) for row in rows)
    return Table(question, today, rows, total_row(days, today), earlier, before, _before(by_date, [*earlier.range]))


def _before(days: Mapping[date, Day], wanted: list[date]) -> Before:
    last = days.get(wanted[-1]) if wanted else None
    return Before(sum_of(days, wanted), last.bytes_stored if last is not None else None)
