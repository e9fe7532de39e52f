"""The list of images behind a figure: only days that have any are read, so that a rare figure of a year is as fast as one of a day."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from faust_app.core.statistics.calendar import bounds
from faust_app.core.statistics.figures import Source
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.flows.ports.statistics import LedgerLines, Reports


class LedgerLists:
    """Implements `flows.ports.statistics.Ledger`."""

    def __init__(self, reports: Reports, lines: LedgerLines, zone: ZoneInfo) -> None:
        self._reports = reports
        self._lines = lines
        self._zone = zone

    async def entries(self, shop_no: int, first: date, last: date, kind: Kind, *, after: int | None, limit: int) -> Sequence[LedgerEntry]:
        """Return the newest lines behind the cursor."""
        found: list[LedgerEntry] = []
        for day in await self._days(shop_no, first, last, kind):
            if len(found) >= limit:
                break
            found += await self._lines.of_day(shop_no, bounds(day, self._zone), kind, after=after, limit=limit - len(found))
        return found

    async def _days(self, shop_no: int, first: date, last: date, kind: Kind) -> list[date]:
        """Return the days that have, or may have, lines of this kind, newest first."""
        days = (await self._reports.shop_days(shop_no, first, last)).days
        counted = [day.date for day in days if day.figures is None or day.source is Source.LIVE or getattr(day.figures, kind.value)]
        return counted[::-1]
