"""Reports: loaded days from the store, today and what is not loaded yet from the history, and each day says which.

Whether a day falls back is decided by the day, never by a shop's row: a quiet shop has none, and that is its figure.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.blocks import PLATFORM, Block
from faust_app.core.statistics.calendar import bounds, day_of, days_between, first_kept, month_of, months_between
from faust_app.core.statistics.compose import Counted, Settled, compose, run_starts, to_count
from faust_app.core.statistics.figures import Day, Figures
from faust_app.core.statistics.report import PlatformDays, ShopDays, ShopTotal
from faust_app.core.statistics.unavailable import CacheUnavailable, StoreUnavailable
from faust_app.flows.ports.statistics import DailyCounts, ReportCache, StatisticsStore
from faust_app.flows.statistics.coalesced import Coalesced
from faust_app.flows.statistics.manifest import Known, KnownLoads
from faust_app.flows.statistics.month_blocks import MonthBlocks

log = structlog.get_logger()

MOST_FALLBACK_DAYS: Final = 7
"""Days before today that one report counts from the history; older ones are missing until they are loaded."""
COUNTS_AT_ONCE: Final = 4
"""Days that a process counts from the history at the same time: a store that is down must not become a storm on the database."""


class ReadReports:
    """Implements `Reports` and `LoadedDays` of `flows.ports.statistics`. `now` is the time of day, UTC without a zone."""

    def __init__(
        self,
        known: KnownLoads,
        blocks: MonthBlocks,
        counts: DailyCounts,
        store: StatisticsStore,
        *,
        cache: ReportCache | None,
        zone: ZoneInfo,
        now: Callable[[], datetime],
    ) -> None:
        self._known = known
        self._blocks = blocks
        self._counts = counts
        self._store = store
        self._cache = cache
        self._zone = zone
        self._now = now
        self._coalesced = Coalesced()
        self._at_once = asyncio.Semaphore(COUNTS_AT_ONCE)

    async def shop_days(self, shop_no: int, first: date, last: date) -> ShopDays:
        """Return a shop's days."""
        known = await self._known.current()
        days, as_of = await self._days(known, shop_no, first, last)
        await self._count_view(shop_no)
        return ShopDays(days, as_of, known.closed, tuple(each for each in known.corrections if first <= each.day <= last))

    async def platform_days(self, first: date, last: date, top: int) -> PlatformDays:
        """Return the days of all shops, and the shops with most images; without these while the store is silent."""
        known = await self._known.current()
        days, as_of = await self._days(known, PLATFORM, first, last)
        shops: Sequence[ShopTotal] | None = None
        try:
            shops = await self._store.top_shops(first, last, top)
        except (StoreUnavailable, Unavailable) as failure:
            log.warning("top shops are not read", reason=str(failure))
        return PlatformDays(days, as_of, shops, known.closed, tuple(each for each in known.corrections if first <= each.day <= last))

    async def loaded(self, shop_no: int, first: date, last: date) -> dict[date, Figures]:
        """Return a shop's loaded days; nothing is counted, neither days nor a view."""
        known = await self._known.current()
        settled = Settled(known.loads, await self._blocks_of(known, shop_no, first, last), known.first_day, known.is_older)
        return {day: figures for day in days_between(first, last) if (figures := settled.figures(day)) is not None}

    async def refresh(self, shop_no: int) -> None:
        """Forget what is cached of a shop."""
        await self._blocks.forget(shop_no, (await self._known.current()).loads)

    async def warm(self, shops: Sequence[int]) -> None:
        """Read the months of these shops into the cache. Raises StoreUnavailable, Unavailable."""
        known = await self._known.current()
        today = day_of(self._now(), self._zone)
        for shop_no in shops:
            read = await self._blocks.of_shop(shop_no, months_between(first_kept(today), today), known.loads)
            if read.failure is not None:
                raise read.failure

    async def _days(self, known: Known, shop_no: int, first: date, last: date) -> tuple[tuple[Day, ...], datetime]:
        as_of, start = self._now(), month_of(first)  # the bytes stored are known when a month begins
        settled = Settled(known.loads, await self._blocks_of(known, shop_no, start, last), known.first_day, known.is_older)
        # The running day is none of those that fall back, and is not always asked for.
        most = MOST_FALLBACK_DAYS + (last == day_of(as_of, self._zone))
        wanted = to_count(settled, start, last, most)
        counted = await self._counted(shop_no, wanted, run_starts(settled, wanted, start))
        return tuple(compose(settled, counted, start, last))[(first - start).days :], as_of

    async def _blocks_of(self, known: Known, shop_no: int, first: date, last: date) -> Mapping[date, Block]:
        """Return the blocks of the months that have loaded days and could be read."""
        read = await self._blocks.of_shop(shop_no, months_between(first, last), known.loads)
        if read.failure is not None:
            log.warning("statistics store is not read", reason=str(read.failure), months=len(read.blocks))
        return read.blocks

    async def _counted(self, shop_no: int, days: Sequence[date], starts: Sequence[date]) -> Counted:
        """Count days from the history, and what was stored when some of them began. Without the database nothing is known of them."""
        try:
            figures = await asyncio.gather(*(self._count(shop_no, day) for day in days))
            stored = await asyncio.gather(*(self._stored(shop_no, day) for day in starts))
        except Unavailable as failure:
            log.warning("days are not counted", reason=str(failure))
            return Counted({}, {})
        return Counted(dict(zip(days, figures, strict=True)), dict(zip(starts, stored, strict=True)))

    async def _count(self, shop_no: int, day: date) -> Figures:
        """Count a day; whoever asks for the same at the same time gets the same answer, and nobody after that."""

        async def count() -> Figures:
            span = [(day, bounds(day, self._zone))]
            async with self._at_once:
                found = await (self._counts.of_platform(span) if shop_no == PLATFORM else self._counts.of_shop(shop_no, span))
            return found[day]

        return await self._coalesced.run((shop_no, day), count)

    async def _stored(self, shop_no: int, day: date) -> int:
        async def count() -> int:
            async with self._at_once:
                return await self._counts.stored(None if shop_no == PLATFORM else shop_no, bounds(day, self._zone).start)

        return await self._coalesced.run((shop_no, day, "stored"), count)

    async def _count_view(self, shop_no: int) -> None:
        if self._cache is not None:
            try:
                await self._cache.count_view(shop_no)
            except CacheUnavailable:
                log.debug("view of a report is not counted", shop_no=shop_no)
