"""Stores, counts, book and cache of the statistics in memory."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.audit import Actor
from faust_app.core.statistics.calendar import Bounds, day_of
from faust_app.core.statistics.figures import NOTHING, Figures
from faust_app.core.statistics.load import Manifest, Marker, ShopRow, Totals, totals_of
from faust_app.core.statistics.report import ClosedMonth, Correction, ShopTotal
from faust_app.core.statistics.run import StatisticsRun
from faust_app.core.statistics.unavailable import CacheUnavailable, StoreUnavailable
from faust_app.flows.statistics.desk import StatisticsDesk
from faust_app.flows.statistics.load import StatisticsLoader
from tests.fakes.clock import FakeClock
from tests.fakes.job_runs import FakeJobRuns


@dataclass
class FakeStatisticsStore:
    """Implements `StatisticsStore`; `is_down` makes every call StoreUnavailable. `reads` counts queries for figures."""

    rows: dict[tuple[date, int], list[ShopRow]] = field(default_factory=dict)
    markers: list[Marker] = field(default_factory=list)
    is_down: bool = False
    reads: int = 0

    async def prepare(self) -> None:
        self._answer()

    async def manifest(self) -> Manifest:
        self._answer()
        return {marker.day: marker for marker in sorted(self.markers, key=lambda marker: marker.load_id)}

    async def highest_load(self) -> int:
        return max([load_id for _, load_id in self.rows] + [marker.load_id for marker in self.markers], default=0)

    async def add_rows(self, day: date, load_id: int, rows: Sequence[ShopRow]) -> None:
        self._answer()
        self.rows.setdefault((day, load_id), []).extend(rows)

    async def totals(self, day: date, load_id: int) -> Totals:
        self._answer()
        counted = totals_of(self.rows.get((day, load_id), []))
        return Totals(counted.shops, counted.sums)

    async def publish(self, marker: Marker) -> None:
        self._answer()
        self.markers.append(marker)

    async def shop_rows(self, shop_no: int, first: date, last: date) -> list[tuple[date, int, ShopRow]]:
        self._answer()
        self.reads += 1
        return [
            (day, load_id, row)
            for (day, load_id), rows in self.rows.items()
            for row in rows
            if first <= day <= last and row.shop_no == shop_no
        ]

    async def platform_rows(self, first: date, last: date) -> Mapping[date, ShopRow]:
        self.reads += 1
        found = {}
        for day, marker in (await self.manifest()).items():
            rows = self.rows.get((day, marker.load_id), [])
            if first <= day <= last and rows:
                found[day] = ShopRow(0, sum((row.figures for row in rows), NOTHING), sum(row.bytes_before for row in rows))
        return found

    async def top_shops(self, first: date, last: date, limit: int) -> list[ShopTotal]:
        sums: dict[int, Figures] = {}
        for day, marker in (await self.manifest()).items():
            for row in self.rows.get((day, marker.load_id), []) if first <= day <= last else []:
                sums[row.shop_no] = sums.get(row.shop_no, NOTHING) + row.figures
        busiest = sorted(sums.items(), key=lambda item: (-item[1].registered - item[1].updated, item[0]))
        return [ShopTotal(shop_no, figures) for shop_no, figures in busiest[:limit]]

    async def all_totals(self) -> dict[date, Totals]:
        loads = {day: marker.load_id for day, marker in (await self.manifest()).items()}
        return {day: await self.totals(day, load_id) for day, load_id in loads.items() if (day, load_id) in self.rows}

    async def collect(self, before: datetime) -> int:
        manifest = await self.manifest()
        last = max((marker.load_id for marker in self.markers if marker.loaded_at < before), default=0)
        gone = []
        for day, load_id in self.rows:
            marker = manifest.get(day)
            if load_id < last if marker is None else load_id < marker.load_id and marker.loaded_at < before:
                gone.append((day, load_id))
        return sum(len(self.rows.pop(key)) for key in gone)

    async def drop_before(self, month: date) -> list[date]:
        self._answer()
        months = sorted({marker.day.replace(day=1) for marker in self.markers if marker.day < month})
        self.markers = [marker for marker in self.markers if marker.day >= month]
        self.rows = {key: rows for key, rows in self.rows.items() if key[0] >= month}
        return months

    async def compact(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.is_down:
            raise StoreUnavailable("fake")


@dataclass
class FakeDailyCounts:
    """Implements the reading part of `DailyCounts`; `counted` lists what was asked."""

    figures: dict[tuple[int | None, date], Figures] = field(default_factory=dict)
    stored_bytes: int = 0
    is_down: bool = False
    counted: list[tuple[int | None, date]] = field(default_factory=list)

    async def of_shop(self, shop_no: int, days: Sequence[tuple[date, Bounds]]) -> dict[date, Figures]:
        return await self._of(shop_no, days)

    async def of_platform(self, days: Sequence[tuple[date, Bounds]]) -> dict[date, Figures]:
        return await self._of(None, days)

    async def stored(self, _shop_no: int | None, _before: datetime) -> int:
        if self.is_down:
            raise Unavailable(Dependency.DATABASE, "fake")
        return self.stored_bytes

    async def _of(self, shop_no: int | None, days: Sequence[tuple[date, Bounds]]) -> dict[date, Figures]:
        if self.is_down:
            raise Unavailable(Dependency.DATABASE, "fake")
        self.counted += [(shop_no, day) for day, _ in days]
        return {day: self.figures.get((shop_no, day), NOTHING) for day, _ in days}


@dataclass
class FakeStatisticsBook:
    """The reading part of `StatisticsBook`; `is_down` makes what reports ask Unavailable."""

    first: datetime | None = None
    is_older: bool = False
    months: list[ClosedMonth] = field(default_factory=list)
    listed: list[Correction] = field(default_factory=list)
    is_down: bool = False

    async def first_day(self, zone: tzinfo) -> date | None:
        if self.is_down:
            raise Unavailable(Dependency.DATABASE, "fake")
        return None if self.first is None else day_of(self.first, zone)

    async def is_older_than_counts(self) -> bool:
        return self.is_older

    async def keep_zone(self, zone: str) -> str:
        return zone

    async def closed(self) -> list[ClosedMonth]:
        return self.months

    async def corrections(self, since: date) -> list[Correction]:
        return [each for each in self.listed if each.day >= since]


@dataclass
class FakeReportCache:
    """Implements `ReportCache`; `is_down` makes every call CacheUnavailable."""

    values: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    views: Counter[int] = field(default_factory=Counter)
    is_down: bool = False

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        self._answer()
        return [self.values.get(key) for key in keys]

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        self._answer()
        assert seconds > 0
        self.values |= values

    async def lock(self, name: str, token: str, milliseconds: int) -> bool:
        self._answer()
        assert milliseconds > 0
        return self.locks.setdefault(name, token) == token

    async def unlock(self, name: str, token: str) -> None:
        self._answer()
        if self.locks.get(name) == token:
            del self.locks[name]

    async def forget(self, keys: Sequence[str]) -> None:
        self._answer()
        for key in keys:
            self.values.pop(key, None)

    async def count_view(self, shop_no: int) -> None:
        self._answer()
        self.views[shop_no] += 1

    async def most_viewed(self, limit: int) -> list[int]:
        self._answer()
        return [shop_no for shop_no, _ in self.views.most_common(limit)]

    def _answer(self) -> None:
        if self.is_down:
            raise CacheUnavailable("fake")


class FakeStatisticsRuns:
    """Implements `StatisticsRuns`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.runs: dict[int, StatisticsRun] = {}
        self._now = now

    async def ask(self, first: date, last: date, reason: str | None, actor: Actor) -> int:
        for run in self.runs.values():
            if run.ended_at is None and (run.first, run.last, run.reason) == (first, last, reason):
                return run.number
        number = len(self.runs) + 1
        self.runs[number] = StatisticsRun(number, first, last, reason, actor.name, self._now())
        return number

    async def next(self) -> StatisticsRun | None:
        return next((run for run in self.runs.values() if run.ended_at is None), None)

    async def advance(self, number: int, *, days_done: int, days_changed: int) -> None:
        run = self.runs[number]
        self.runs[number] = replace(run, started_at=run.started_at or self._now(), days_done=days_done, days_changed=days_changed)

    async def end(self, number: int, problem: str | None) -> None:
        self.runs[number] = replace(self.runs[number], ended_at=self._now(), problem=problem)

    async def recent(self, limit: int) -> list[StatisticsRun]:
        return list(reversed(self.runs.values()))[:limit]


@dataclass
class FakeStatistics:
    """The statistics over fakes, as operators see them."""

    store: FakeStatisticsStore
    book: FakeStatisticsBook
    runs: FakeStatisticsRuns
    jobs: FakeJobRuns
    desk: StatisticsDesk


def fake_statistics(now: Callable[[], datetime], zone: ZoneInfo) -> FakeStatistics:
    """Return statistics whose history began ten days ago, of which nothing is loaded."""
    store, book = FakeStatisticsStore(), FakeStatisticsBook(now() - timedelta(days=10))
    runs, jobs, clock = FakeStatisticsRuns(now), FakeJobRuns(), FakeClock(now)
    loader = StatisticsLoader(FakeDailyCounts(), store, book, zone=zone, clock=clock)  # type: ignore[arg-type]
    return FakeStatistics(store, book, runs, jobs, StatisticsDesk(loader, store, book, runs=runs, jobs=jobs))  # type: ignore[arg-type]
