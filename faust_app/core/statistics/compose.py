"""Puts a report's days together: loaded ones from their months, the others as they were counted, and what was stored after each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from faust_app.core.statistics.blocks import Block, Loads, last_day_of
from faust_app.core.statistics.calendar import days_between, month_of, months_between
from faust_app.core.statistics.figures import NOTHING, Day, Figures, Source

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """Days counted from the history: their figures, and what was stored when some of them began."""

    figures: Mapping[date, Figures] = field(default_factory=dict)
    stored_before: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What could be read of the loaded days: the blocks of months, and the first day that the history has (None: not known)."""

    loads: Loads
    blocks: Mapping[date, Block]
    first_day: date | None
    is_older: bool = False
    """Whether the history is older than its counts: then something was stored before `first_day`, and it is not known what."""

    def has(self, day: date) -> bool:
        """Return whether the figures of the day are known without counting."""
        return day in self.loads.manifest and month_of(day) in self.blocks

    def is_before(self, day: date) -> bool:
        """Return whether the day is before the first one that was counted."""
        return self.first_day is not None and day < self.first_day

    def figures(self, day: date) -> Figures | None:
        """Return the figures of a day that are known without counting, None where they are not."""
        if not self.has(day):
            return None
        row = self.blocks[month_of(day)].rows.get(day.day)
        return NOTHING if row is None else row.figures

    def is_whole(self, month: date) -> bool:
        """Return whether every day of the month is loaded and could be read."""
        return month in self.blocks and month in self.loads.whole


def to_count(settled: Settled, start: date, last: date, most: int) -> list[date]:
    """Return the newest days that are not known, at most `most`."""
    months = [(month, min(last_day_of(month), last)) for month in months_between(start, last) if not settled.is_whole(month)]
    return [day for month, end in months for day in days_between(month, end) if not (settled.has(day) or settled.is_before(day))][-most:]


def run_starts(settled: Settled, counted: Sequence[date], start: date) -> list[date]:
    """Return the days to count before which it is not known what was stored, because the day before them is missing."""
    known = set(counted)

    def follows(before: date) -> bool:
        return before in known or settled.is_before(before) or (before >= start and settled.has(before))

    return [day for day in counted if not follows(day - _DAY)]


def compose(settled: Settled, counted: Counted, start: date, last: date) -> list[Day]:
    """Return the days from `start`, the first of a month, to `last`; one that nobody knows is MISSING, and so is what is stored after it.

    A month that is loaded whole was put together once for all reports; the others are few.
    """
    days: list[Day] = []
    stored: int | None = None
    for month in months_between(start, last):
        end = min(last_day_of(month), last)
        if settled.is_whole(month):
            days += settled.blocks[month].whole[: end.day]
            stored = days[-1].bytes_stored
            continue
        for day in days_between(month, end):
            figures, source = _figures(settled, counted, day)
            stored = _stored_before(settled, counted, day, stored)
            stored = None if figures is None or stored is None else stored + figures.bytes_change
            days.append(Day(day, source, figures, stored))
    return days


def _figures(settled: Settled, counted: Counted, day: date) -> tuple[Figures | None, Source]:
    known = settled.figures(day)
    if known is not None:
        return known, Source.SETTLED
    if day not in counted.figures:
        return None, Source.MISSING
    return counted.figures[day], Source.FALLBACK if day in settled.loads.manifest else Source.LIVE


def _stored_before(settled: Settled, counted: Counted, day: date, stored: int | None) -> int | None:
    if day == settled.first_day and not settled.is_older:
        return 0
    if day.day == 1 and settled.has(day):
        row = settled.blocks[day].rows.get(1)
        return 0 if row is None else row.bytes_before
    return counted.stored_before.get(day, stored)
