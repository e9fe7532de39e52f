"""Loads days from the history into the statistics store: safe twice, by two processes at once, and killed at any step.

A load is written under a number of its own and read only once its marker is there, which is one row, written last. The number
comes from the same transaction as the figures, so of two loads of a day the newer reading wins, whichever is written last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from faust_app.core.statistics.calendar import bounds, day_of, first_kept, last_loadable, month_of
from faust_app.core.statistics.load import Manifest, Marker, ShopRow, Snapshot, Totals, change_of, days_to_load, difference
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.statistics import DailyCounts, StatisticsBook, StatisticsStore

log = structlog.get_logger()

ROWS_AT_ONCE: Final = 20_000
"""Rows of one insert: fewer make more parts than ClickHouse likes, more take more memory."""
FOUND_LATER: Final = "The history of the day changed after its month was closed."


class ZoneChanged(Exception):  # noqa: N818 - what happened, not what failed
    """The platform's zone is another one than days were counted in: the same image would count in two days, or in none."""

    def __init__(self, kept: str, configured: str) -> None:
        super().__init__(
            f"PLATFORM_ZONE is {configured}, but the days of the statistics were counted in {kept} so far;"
            f" set PLATFORM_ZONE={kept} again: days that were counted cannot be moved to another zone"
        )


class LoadIncomplete(Exception):  # noqa: N818 - as above
    """What arrived in the store is not what was counted; the load is not published, and the day stays as it was."""


class Loaded(StrEnum):
    """How the load of a day ended."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"  #: what is read already has the same figures
    LISTED = "listed"  #: its month is closed and the figures differ: a correction is listed, and nothing is changed


@dataclass(frozen=True, slots=True)
class DayLoad:
    """The load of one day. `change` says what differs from the load before it, empty for the first one."""

    day: date
    outcome: Loaded
    totals: Totals
    change: str = ""


class StatisticsLoader:
    """Loads single days. Raises Unavailable, StoreUnavailable, LoadIncomplete."""

    def __init__(self, counts: DailyCounts, store: StatisticsStore, book: StatisticsBook, *, zone: ZoneInfo, clock: Clock) -> None:
        self._counts = counts
        self._store = store
        self._book = book
        self._zone = zone
        self._clock = clock

    async def prepare(self) -> None:
        """Create the store's tables, keep the zone, and number loads above those of the store. Raises ZoneChanged.

        A database that was restored from a backup would number them below, and none of them would ever be read.
        """
        await self.check_zone()
        await self._store.prepare()
        await self._book.number_above(max((marker.load_id for marker in (await self._store.manifest()).values()), default=0))

    async def check_zone(self) -> None:
        """Raise ZoneChanged if days were counted in another zone; the first time, keep it."""
        kept = await self._book.keep_zone(self._zone.key)
        if kept != self._zone.key:
            raise ZoneChanged(kept, self._zone.key)

    async def loadable(self) -> tuple[date, date] | None:
        """Return the first and the last day that can be loaded; None before there is one."""
        now = await self._clock.now()
        last, first = last_loadable(now, self._zone), await self._book.first_day(self._zone)
        if first is None:
            return None
        first = max(first, first_kept(day_of(now, self._zone)))
        return (first, last) if first <= last else None

    async def missing(self) -> list[date]:
        """Return the days to load that are not loaded, newest first, a limited number at once."""
        span = await self.loadable()
        return [] if span is None else days_to_load(await self._store.manifest(), *span)

    async def load(self, day: date, *, reason: str | None = None, anew: bool = False) -> DayLoad:
        """Count a day and publish it, unless what is published has the same figures; with `anew` in any case.

        In a closed month other figures than the closed ones are listed as a correction; they are published only with a
        `reason`, which is listed with them.
        """
        snapshot = await self._counts.snapshot(day, bounds(day, self._zone), with_balance=day.day == 1)
        totals, published = snapshot.totals, (await self._store.manifest()).get(day)
        if published is not None and published.totals.matches(totals) and not anew:
            return DayLoad(day, Loaded.UNCHANGED, totals)
        closed = await self._book.closed_totals(day)
        correction = None
        if closed is not None and not closed.matches(totals):
            correction = await self._book.add_correction(day, closed, totals, reason or FOUND_LATER)
            if reason is None:
                return DayLoad(day, Loaded.LISTED, totals, change_of(closed, totals))
        await self._publish(snapshot)
        if correction is not None:
            await self._book.apply_correction(correction)
        change = "" if published is None else change_of(published.totals, totals)
        log.info("day of the statistics loaded", day=day.isoformat(), load_id=snapshot.load_id, shops=totals.shops, change=change or None)
        if published is not None and published.totals.sums["bytes_change"] != totals.sums["bytes_change"]:
            await self._reload_later_months(day)
        return DayLoad(day, Loaded.PUBLISHED, totals, change)

    async def _publish(self, snapshot: Snapshot) -> None:
        for rows in _groups(snapshot.rows):
            await self._store.add_rows(snapshot.day, snapshot.load_id, rows)
        arrived = await self._store.totals(snapshot.day, snapshot.load_id)
        if not arrived.matches(snapshot.totals):
            what = difference(snapshot.totals, arrived)
            raise LoadIncomplete(f"The load of {snapshot.day} is not published: the store has other totals than were counted: {what}.")
        await self._store.publish(Marker(snapshot.day, snapshot.load_id, snapshot.totals, await self._clock.now()))

    async def _reload_later_months(self, day: date) -> None:
        """Count again what was stored when the later months began: the bytes of an earlier day changed."""
        manifest = await self._store.manifest()
        for month in await self._book.forget_balances(month_of(day)):
            if month in manifest:
                await self.load(month, reason=f"The stored bytes of {day} changed.")

    async def settle_corrections(self, manifest: Manifest) -> None:
        """Mark corrections as applied whose load was published by a process that died before it could say so."""
        for correction in await self._book.corrections(date.min):
            marker = manifest.get(correction.day)
            if not correction.applied and marker is not None and marker.totals.to_json() == dict(correction.after):
                await self._book.apply_correction(correction.number)


def _groups(rows: Sequence[ShopRow]) -> list[Sequence[ShopRow]]:
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]


GRACE_OF_READERS: Final = timedelta(hours=1)
"""Superseded rows stay for so long: no reader uses a manifest older than a sixth of it."""
