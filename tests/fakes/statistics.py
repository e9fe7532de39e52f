"""In-memory `Reports`, `Ledger` and `SlowSources`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.statistics.figures import Day, Figures, Source, total
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.core.statistics.report import ClosedMonth, Correction, PlatformDays, ShopDays, ShopTotal
from faust_app.core.statistics.slow_source import SlowSource
from tests.factories import NOW


def day_range(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass
class FakeReports:
    """Figures by shop and day; a day without any is a day on which nothing happened."""

    figures: dict[int, dict[date, Figures]] = field(default_factory=dict)
    stored: dict[int, int] = field(default_factory=dict)
    """Bytes that a shop has stored, on every day."""
    sources: dict[date, Source] = field(default_factory=dict)
    """Where a day comes from; settled where nothing is said, and missing days have no figures."""
    closed: tuple[ClosedMonth, ...] = ()
    corrections: tuple[Correction, ...] = ()
    as_of: datetime = NOW
    is_down: bool = False
    read: list[tuple[object, date, date]] = field(default_factory=list)
    refreshed: list[int] = field(default_factory=list)

    async def shop_days(self, shop_no: int, first: date, last: date) -> ShopDays:
        self._see(shop_no, first, last)
        return ShopDays(self._days([shop_no], first, last), self.as_of, self.closed, self.corrections)

    async def platform_days(self, first: date, last: date, top: int) -> PlatformDays:
        self._see("all", first, last)
        days = day_range(first, last)
        totals = [ShopTotal(shop, total(found.get(day, Figures()) for day in days)) for shop, found in self.figures.items()]
        totals.sort(key=lambda each: -(each.figures.registered + each.figures.updated))
        return PlatformDays(self._days([*self.figures], first, last), self.as_of, totals[:top], self.closed, self.corrections)

    async def refresh(self, shop_no: int) -> None:
        self.refreshed.append(shop_no)

    def _see(self, shop: object, first: date, last: date) -> None:
        assert first <= last
        if self.is_down:
            raise Unavailable(Dependency.DATABASE)
        self.read.append((shop, first, last))

    def _days(self, shops: Sequence[int], first: date, last: date) -> tuple[Day, ...]:
        return tuple(self._day(shops, day) for day in day_range(first, last))

    def _day(self, shops: Sequence[int], day: date) -> Day:
        source = self.sources.get(day, Source.SETTLED)
        if source is Source.MISSING:
            return Day(day, source, None, None)
        found: Mapping[int, Any] = {shop: self.figures.get(shop, {}).get(day, Figures()) for shop in shops}
        return Day(day, source, total(found.values()), sum(self.stored.get(shop, 0) for shop in shops))


@dataclass
class FakeLedger:
    """Lines by shop and kind, each with its day; the newest has the highest cursor."""

    lines: dict[tuple[int, Kind], list[tuple[date, LedgerEntry]]] = field(default_factory=dict)

    async def entries(self, shop_no: int, first: date, last: date, kind: Kind, *, after: int | None, limit: int) -> Sequence[LedgerEntry]:
        found = [entry for day, entry in self.lines.get((shop_no, kind), []) if first <= day <= last]
        found.sort(key=lambda entry: -entry.cursor)
        return [entry for entry in found if after is None or entry.cursor < after][:limit]


@dataclass
class FakeSlowSources:
    """Sources with their images, whenever they were done."""

    sources: list[SlowSource] = field(default_factory=list)
    is_down: bool = False

    async def slowest(self, since: datetime, *, at_least: int, limit: int) -> Sequence[SlowSource]:
        if self.is_down:
            raise Unavailable(Dependency.DATABASE)
        found = [source for source in self.sources if source.images >= at_least]
        return sorted(found, key=lambda source: -source.average_ms)[:limit]
