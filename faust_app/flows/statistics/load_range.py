"""Loads the days that somebody asked for, newest first, and says after each how far it is."""

from collections.abc import AsyncIterator
from datetime import date

from faust_app.core.statistics.calendar import days_between
from faust_app.flows.statistics.load import DayLoad, StatisticsLoader


class RangeError(ValueError):
    """The range cannot be loaded; the message says which one can."""


class LoadRange:
    """Loads a range of days again, or what differs of them."""

    def __init__(self, loader: StatisticsLoader) -> None:
        self._loader = loader

    async def days(self, first: date | None, last: date | None) -> list[date]:
        """Return the days of a range, newest first; without bounds every day that can be loaded. Raises RangeError."""
        span = await self._loader.loadable()
        if span is None:
            raise RangeError("there is no day to load yet: the first one is loaded ten minutes after it has ended")
        first, last = first or span[0], last or span[1]
        if first > last:
            raise RangeError(f"{first} is after {last}; the first day comes first")
        if first < span[0] or last > span[1]:
            raise RangeError(f"days from {span[0]} to {span[1]} can be loaded; {first} to {last} is not within them")
        return list(reversed(days_between(first, last)))

    async def run(self, days: list[date], *, verify: bool, reason: str | None) -> AsyncIterator[DayLoad]:
        """Load each day and yield what became of it; with `verify` only those whose figures differ from what is published.

        Raises Unavailable, StoreUnavailable, LoadIncomplete, ZoneChanged; the days before it are done.
        """
        await self._loader.prepare()
        for day in days:
            yield await self._loader.load(day, reason=reason, anew=not verify)
