"""Reads the report of a shop, or of all shops: the figures of a range, and those they are compared with."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from faust_app.core.statistics.calendar import day_of, month_of
from faust_app.core.statistics.figures import COUNTS, Day
from faust_app.core.statistics.finality import MonthState, corrections_in, month_states, refreshing
from faust_app.core.statistics.ranges import DayRange
from faust_app.core.statistics.report import Correction, PlatformDays, ShopDays, ShopTotal
from faust_app.core.statistics.table import Question, Table, tabulate
from faust_app.flows.ports.statistics import Reports


@dataclass(frozen=True, slots=True)
class Report:
    """A table of figures, and how fresh and how final they are."""

    table: Table
    as_of: datetime
    """Until when today counts; UTC without a zone."""
    refreshing: int
    """Days before today that were counted just now instead of read as they were loaded."""
    months: Sequence[MonthState]
    corrections: Sequence[Correction]
    top: Sequence[ShopTotal] | None = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was counted: also what a shop that does not exist looks like."""
        total = self.table.total
        if total.is_incomplete or total.bytes_stored or total.figures is None:
            return False
        return not any(getattr(total.figures, name) for name in COUNTS)


class ReadReport:
    """Reads reports in the days of a zone; a month is closed on the `close_day`-th day after its end."""

    def __init__(self, reports: Reports, *, zone: tzinfo, now: Callable[[], datetime], close_day: int) -> None:
        self._reports = reports
        self._zone = zone
        self._now = now
        self._close_day = close_day

    def today(self) -> date:
        """Return the day that it is in the zone."""
        return day_of(self._now(), self._zone)

    async def of_shop(self, shop_no: int, question: Question, today: date) -> Report:
        """Return the report of a shop. Raises Unavailable when nothing at all is known."""
        shown, earlier = question.shown, question.earlier(today)
        found, before = await asyncio.gather(
            self._reports.shop_days(shop_no, shown.first, shown.last),
            self._earlier_days(shop_no, earlier.range if earlier is not None else None),
        )
        return self._report(question, found, before, today)

    async def of_platform(self, question: Question, today: date, top: int) -> Report:
        """Return the report of all shops together, with the `top` shops. Raises Unavailable when nothing at all is known."""
        shown, earlier = question.shown, question.earlier(today)
        found = await self._reports.platform_days(shown.first, shown.last, top)
        before: Sequence[Day] = ()
        if earlier is not None:
            before = (await self._reports.platform_days(earlier.range.first, earlier.range.last, 0)).days
        return self._report(question, found, before, today, found.top)

    async def refresh(self, shop_no: int) -> None:
        """Have a shop's next report read anew."""
        await self._reports.refresh(shop_no)

    async def _earlier_days(self, shop_no: int, earlier: DayRange | None) -> Sequence[Day]:
        return () if earlier is None else (await self._reports.shop_days(shop_no, earlier.first, earlier.last)).days

    def _report(
        self, question: Question, found: ShopDays | PlatformDays, before: Sequence[Day], today: date, top: Sequence[ShopTotal] | None = ()
    ) -> Report:
        known = {month_of(day.date) for day in found.days if day.figures is not None}
        return Report(
            tabulate(question, found.days, before, today),
            found.as_of,
            refreshing(found.days, today),
            [state for state in month_states(question.shown, found.closed, self._close_day) if state.month in known],
            corrections_in(question.shown, found.corrections),
            top,
        )
