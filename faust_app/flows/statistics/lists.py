"""The list of images behind a figure: only days that have any are read, so that a rare figure of a year is as fast as one of a day."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from faust_app.core.statistics.calendar import bounds, day_of, days_between
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.flows.ports.statistics import LedgerLines, LoadedDays


class LedgerLists:
    """Implements `flows.ports.statistics.Ledger`."""

    def __init__(self, days: LoadedDays, lines: LedgerLines, zone: ZoneInfo) -> None:
        self._loaded = days
        self._lines = lines
        self._zone = zone

    async def entries(self, shop_no: int, first: date, last: date, kind: Kind, *, after: int | None, limit: int) -> Sequence[LedgerEntry]:
        """Return the newest lines behind the cursor; none behind one that is no line of this shop."""
        position = None
        if after is not None:
            position = await self._lines.position(shop_no, after)
            if position is None:
                return []
            last = min(last, day_of(position.at, self._zone))
        found: list[LedgerEntry] = []
        for day in await self._days(shop_no, first, last, kind):
            if len(found) >= limit:
                break
            found += await self._lines.of_day(shop_no, bounds(day, self._zone), kind, after=position, limit=limit - len(found))
        return found

    async def _days(self, shop_no: int, first: date, last: date, kind: Kind) -> list[date]:
        """Return the days that have, or may have, lines of this kind, newest first."""
        loaded = await self._loaded.loaded(shop_no, first, last)
        return [day for day in reversed(days_between(first, last)) if day not in loaded or getattr(loaded[day], kind.value)]
