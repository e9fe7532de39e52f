"""Loads days from the history into the statistics store: safe twice, by two processes at once, and killed at any step.

A load is written under a number of its own and read only once its marker is there, which is one row, written last. The number
comes from the same transaction as the figures, so of two loads of a day the newer reading wins, whichever is written last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from faust_app.core.statistics.calendar import bounds, day_of, first_kept, last_loadable, month_of
from faust_app.core.statistics.load import (
    Loaded,
    Manifest,
    Marker,
    ShopRow,
    Snapshot,
    Totals,
    change_of,
    days_to_load,
    decide,
    difference,
    firsts_after,
)
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.statistics import DailyCounts, StatisticsBook, StatisticsStore

log = structlog.get_logger()

ROWS_AT_ONCE: Final = 20_000
"""Rows of one insert: fewer make more parts than ClickHouse likes, more take more memory."""
GRACE_OF_READERS: Final = timedelta(hours=1)
"""Superseded rows stay for so long: no reader uses a manifest older than a sixth of it."""
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
        self._is_prepared = False

    async def prepare(self) -> None:
        """Create the store's tables, keep the zone, and number loads above those of the store. Raises ZoneChanged.

        A database that was restored from a backup would number them below, and none of them would ever be read.
        """
        if self._is_prepared:
            return
        await self.check_zone()
        await self._store.prepare()
        await self._book.number_above(await self._store.highest_load())
        self._is_prepared = True

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
        manifest = await self._store.manifest()
        await self._book.number_above(max((marker.load_id for marker in manifest.values()), default=0))
        snapshot = await self._counts.snapshot(day, bounds(day, self._zone), with_balance=day.day == 1)
        totals, marker = snapshot.totals, manifest.get(day)
        published, closed = None if marker is None else marker.totals, await self._book.closed_totals(day)
        decision = decide(totals, published, closed, has_reason=reason is not None, anew=anew)
        correction = None
        if decision.corrects and closed is not None:
            correction = await self._book.add_correction(day, closed, totals, reason or FOUND_LATER)
        elif closed is not None:
            await self._book.withdraw_corrections(day)  # the history is as it was closed
        if decision.outcome is Loaded.LISTED and closed is not None:
            return DayLoad(day, decision.outcome, totals, change_of(closed, totals))
        if decision.outcome is Loaded.PUBLISHED:
            await self._publish_with_balances(snapshot, published)
        if correction is not None:
            await self._book.apply_correction(correction)
        change = "" if published is None else change_of(published, totals)
        return DayLoad(day, decision.outcome, totals, change)

    async def _publish_with_balances(self, snapshot: Snapshot, published: Totals | None) -> None:
        """Publish, and count again what was stored when the later months began, if the day is another one than it was.

        Balances are forgotten before the day is published: whoever dies in between leaves none that are wrong.
        """
        changed = published is not None and not published.matches(snapshot.totals)
        if changed:
            await self._book.forget_balances(month_of(snapshot.day))
        await self._publish(snapshot)
        log.info("day of the statistics loaded", day=snapshot.day.isoformat(), load_id=snapshot.load_id, shops=snapshot.totals.shops)
        for first in firsts_after(await self._store.manifest(), snapshot.day) if changed else ():
            await self.load(first, reason=f"The figures of {snapshot.day} changed.")

    async def _publish(self, snapshot: Snapshot) -> None:
        for rows in _groups(snapshot.rows):
            await self._store.add_rows(snapshot.day, snapshot.load_id, rows)
        arrived = await self._store.totals(snapshot.day, snapshot.load_id)
        if not arrived.matches(snapshot.totals):
            what = difference(snapshot.totals, arrived)
            raise LoadIncomplete(f"The load of {snapshot.day} is not published: the store has other totals than were counted: {what}.")
        await self._store.publish(Marker(snapshot.day, snapshot.load_id, snapshot.totals, await self._clock.now()))

    async def settle_corrections(self, manifest: Manifest) -> None:
        """Mark corrections as applied whose load was published by a process that died before it could say so."""
        for correction in await self._book.corrections(date.min):
            marker = manifest.get(correction.day)
            if not correction.applied and marker is not None and marker.totals.to_json() == dict(correction.after):
                await self._book.apply_correction(correction.number)


def _groups(rows: Sequence[ShopRow]) -> list[Sequence[ShopRow]]:
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
