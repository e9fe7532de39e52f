"""Reports: each day comes from where it can, says so, and is never a zero that nobody counted."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.core.statistics.blocks import Loads
from faust_app.core.statistics.figures import NOTHING, Figures, Source
from faust_app.core.statistics.finality import refreshing
from faust_app.core.statistics.load import Manifest, Marker, ShopRow, totals_of
from faust_app.core.statistics.report import ClosedMonth, Correction, ShopDays
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.flows.statistics.manifest import FRESH, USABLE, KnownLoads
from faust_app.flows.statistics.month_blocks import MonthBlocks
from faust_app.flows.statistics.read import MOST_FALLBACK_DAYS, ReadReports
from tests.fakes.statistics_store import FakeDailyCounts, FakeReportCache, FakeStatisticsBook, FakeStatisticsStore

ZONE = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 3, 10, 3, 0)  # noqa: DTZ001 - UTC, 12:00 in Seoul
TODAY = date(2026, 3, 10)
FIRST = date(2026, 1, 20)
SHOP = 7


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass
class Desk:
    """Reports of one process over fakes. Every day from FIRST until yesterday is loaded: one image of 10 bytes each."""

    store: FakeStatisticsStore = field(default_factory=FakeStatisticsStore)
    counts: FakeDailyCounts = field(default_factory=FakeDailyCounts)
    book: FakeStatisticsBook = field(default_factory=lambda: FakeStatisticsBook(datetime(2026, 1, 20)))  # noqa: DTZ001 - UTC
    cache: FakeReportCache | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        before = 0
        for number, day in enumerate(days(FIRST, TODAY - timedelta(days=1)), 1):
            self.load(day, number, [ShopRow(SHOP, Figures(registered=1, bytes_change=10), before if day.day == 1 else 0)])
            before += 10
        self.counts.figures[SHOP, TODAY] = Figures(registered=5, bytes_change=50)
        self.known = KnownLoads(self.store, self.book, zone=ZONE, seconds=lambda: self.seconds)  # type: ignore[arg-type]
        self.reports = self.process()

    def process(self) -> ReadReports:
        blocks = MonthBlocks(self.store, self.cache)
        return ReadReports(self.known, blocks, self.counts, self.store, cache=self.cache, zone=ZONE, now=lambda: NOW)  # type: ignore[arg-type]

    def load(self, day: date, load_id: int, rows: list[ShopRow]) -> None:
        self.store.rows[day, load_id] = rows
        self.store.markers.append(Marker(day, load_id, totals_of(rows), NOW))

    def unload(self, day: date) -> None:
        self.store.markers = [marker for marker in self.store.markers if marker.day != day]

    async def read(self, first: date = FIRST, last: date = TODAY, shop_no: int = SHOP) -> ShopDays:
        return await self.reports.shop_days(shop_no, first, last)

    async def settle(self) -> None:
        """Have the sources asked again, until they answered or failed."""
        self.seconds += FRESH
        await self.known.current()

    async def forget(self) -> None:
        self.seconds += USABLE + FRESH


@pytest.fixture
def desk() -> Desk:
    return Desk(cache=FakeReportCache())


async def test_loaded_days_come_from_the_store_and_today_is_counted_now(desk: Desk) -> None:
    report = await desk.read()
    assert [day.date for day in report.days] == days(FIRST, TODAY)
    assert {day.source for day in report.days[:-1]} == {Source.SETTLED}
    assert (report.days[-1].source, report.days[-1].figures) == (Source.LIVE, Figures(registered=5, bytes_change=50))
    assert desk.counts.counted == [(SHOP, TODAY)]
    assert (refreshing(report.days, TODAY), report.missing, report.as_of) == (0, (), NOW)


async def test_stored_bytes_are_what_was_before_and_the_changes_also_within_a_month(desk: Desk) -> None:
    whole = {day.date: day.bytes_stored for day in (await desk.read()).days}
    assert whole[FIRST] == 10
    assert whole[TODAY] == 10 * len(days(FIRST, TODAY - timedelta(days=1))) + 50
    part = await desk.read(date(2026, 2, 20), date(2026, 3, 5))
    assert {day.date: day.bytes_stored for day in part.days} == {day: whole[day] for day in days(date(2026, 2, 20), date(2026, 3, 5))}


async def test_a_shop_without_rows_has_zeros_and_asks_the_database_for_today_alone(desk: Desk) -> None:
    report = await desk.read(shop_no=8)
    assert {day.figures for day in report.days} == {NOTHING}
    assert {day.source for day in report.days[:-1]} == {Source.SETTLED}
    assert desk.counts.counted == [(8, TODAY)]


async def test_days_before_the_history_began_are_not_zeros(desk: Desk) -> None:
    report = await desk.read(date(2025, 12, 25), date(2026, 1, 25))
    assert report.missing == tuple(days(date(2025, 12, 25), FIRST - timedelta(days=1)))
    assert report.days[-1].bytes_stored == 60
    assert desk.counts.counted == []


async def test_what_was_stored_before_a_history_was_counted_is_not_known_until_a_month_begins(desk: Desk) -> None:
    desk.book.is_older = True
    report = await desk.read(date(2026, 1, 10), date(2026, 2, 5))
    assert report.missing == tuple(days(date(2026, 1, 10), FIRST - timedelta(days=1)))
    assert {day.source for day in report.days if day.date >= FIRST} == {Source.SETTLED}
    assert report.days[-1].bytes_stored == 10 * 17, "what was stored is known from the first whole month on"
    assert desk.counts.counted == []


async def test_a_day_that_is_not_loaded_is_counted_now_and_named(desk: Desk) -> None:
    yesterday = TODAY - timedelta(days=1)
    desk.unload(yesterday)
    desk.counts.figures[SHOP, yesterday] = Figures(registered=2, bytes_change=7)
    report = await desk.read()
    assert (report.days[-2].source, report.days[-2].figures, refreshing(report.days, TODAY)) == (
        Source.LIVE,
        Figures(registered=2, bytes_change=7),
        1,
    )
    assert report.days[-1].bytes_stored == 10 * (len(report.days) - 2) + 7 + 50


async def test_of_many_days_that_are_not_loaded_the_newest_are_counted_and_the_others_are_missing(desk: Desk) -> None:
    desk.store.markers = []
    desk.counts.stored_bytes = 1000
    report = await desk.read(date(2026, 2, 10), TODAY)
    counted = [day for day in report.days if day.source is Source.LIVE]
    assert [day.date for day in counted] == days(TODAY - timedelta(days=MOST_FALLBACK_DAYS), TODAY)
    assert len(report.missing) == len(report.days) - len(counted)
    assert {day.figures for day in report.days if day.source is Source.MISSING} == {None}
    assert counted[0].bytes_stored == 1000
    assert counted[-1].bytes_stored == 1050


async def test_a_store_that_is_down_leaves_what_a_process_read_before(desk: Desk) -> None:
    before = await desk.read()
    desk.store.is_down = True
    desk.seconds += FRESH
    assert (await desk.read()).days == before.days
    await desk.forget()
    report = await desk.read()
    assert {day.source for day in report.days} == {Source.LIVE, Source.MISSING}, "it no longer knows what is loaded"


async def test_all_who_ask_first_wait_for_what_is_loaded(desk: Desk) -> None:
    answering = asyncio.Event()
    ask = desk.store.manifest

    async def slow() -> Manifest:
        await answering.wait()
        return await ask()

    desk.store.manifest = slow  # type: ignore[method-assign]
    running = [asyncio.ensure_future(desk.read()) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    late = asyncio.ensure_future(desk.read())
    await asyncio.sleep(0)
    answering.set()
    for report in await asyncio.gather(*running, late):
        assert {day.source for day in report.days[:-1]} == {Source.SETTLED}


async def test_a_source_that_hangs_is_waited_for_a_moment_by_those_who_know_an_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before, asked = await desk.read(), 0

    async def hang() -> Manifest:
        nonlocal asked
        asked += 1
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    monkeypatch.setattr("faust_app.flows.statistics.manifest.PATIENCE", 0.001)
    desk.store.manifest = hang  # type: ignore[method-assign]
    desk.seconds += FRESH
    for _ in range(3):
        assert (await desk.read()).days == before.days
    assert asked == 1


async def test_a_database_that_is_down_takes_nothing_of_what_the_store_says(desk: Desk) -> None:
    desk.book.months = [ClosedMonth(date(2026, 1, 1), 1, NOW)]
    await desk.read()
    desk.book.is_down = desk.counts.is_down = True
    desk.load(TODAY - timedelta(days=2), 700, [ShopRow(SHOP, Figures(registered=9))])
    await desk.settle()
    desk.seconds += USABLE - FRESH
    await desk.settle()
    report = await desk.read()
    assert report.days[-3].figures == Figures(registered=9)
    assert {day.source for day in report.days[:-1]} == {Source.SETTLED}
    assert [each.month for each in report.closed] == [date(2026, 1, 1)]


async def test_a_store_that_is_down_for_long_takes_no_closed_month_and_no_correction(desk: Desk) -> None:
    desk.book.months = [ClosedMonth(date(2026, 1, 1), 1, NOW)]
    desk.book.listed = [Correction(1, date(2026, 1, 25), NOW, {}, {}, "why", applied=False)]
    desk.store.is_down = True
    await desk.forget()
    report = await desk.read(date(2025, 12, 1), TODAY)
    assert (len(report.closed), len(report.corrections)) == (1, 1)
    assert {day.source for day in report.days if day.date < FIRST} == {Source.MISSING}


async def test_loaded_days_that_cannot_be_read_fall_back_to_the_history(desk: Desk) -> None:
    await desk.known.current()
    desk.store.is_down = True
    report = await desk.read()
    assert [day.source for day in report.days[-8:]] == [Source.FALLBACK] * 7 + [Source.LIVE]
    assert refreshing(report.days, TODAY) == 7


async def test_one_month_that_nobody_has_takes_none_of_those_that_are_kept(desk: Desk) -> None:
    before = await desk.read(date(2026, 2, 1), date(2026, 2, 28))
    desk.store.is_down = True
    for process in (desk.reports, desk.process()):  # the one has them in memory, the other in the cache
        report = await process.shop_days(SHOP, date(2026, 1, 25), date(2026, 3, 1))
        assert report.days[7:35] == before.days
        assert Source.SETTLED not in {day.source for day in (*report.days[:7], report.days[-1])}
    with pytest.raises(StoreUnavailable):
        await desk.reports.warm([SHOP])


async def test_a_range_that_ends_before_today_counts_no_more_days_than_others(desk: Desk) -> None:
    desk.store.markers = []
    report = await desk.read(date(2026, 2, 10), TODAY - timedelta(days=1))
    assert len([day for day in report.days if day.source is Source.LIVE]) == MOST_FALLBACK_DAYS


async def test_a_database_that_is_down_leaves_the_loaded_days(desk: Desk) -> None:
    desk.counts.is_down = True
    report = await desk.read()
    assert {day.source for day in report.days[:-1]} == {Source.SETTLED}
    assert (report.days[-1].source, report.days[-1].figures, report.days[-1].bytes_stored) == (Source.MISSING, None, None)


async def test_a_reloaded_day_is_seen_within_seconds_and_never_a_mixture(desk: Desk) -> None:
    await desk.read()
    day = date(2026, 3, 2)
    desk.load(day, 500, [ShopRow(SHOP, Figures(registered=9))])
    desk.seconds += FRESH
    report = await desk.read(day, day)
    assert report.days[0].figures == Figures(registered=9)


async def test_closed_months_and_corrections_are_told(desk: Desk) -> None:
    desk.book.months = [ClosedMonth(date(2026, 1, 1), 1, NOW)]
    desk.book.listed = [
        Correction(n, day, NOW, {}, {}, "why", applied=False) for n, day in enumerate((date(2026, 1, 25), date(2026, 2, 1)))
    ]
    report = await desk.read(date(2026, 1, 20), date(2026, 1, 31))
    assert [each.month for each in report.closed] == [date(2026, 1, 1)]
    assert [each.day for each in report.corrections] == [date(2026, 1, 25)]


async def test_the_whole_platform_is_read_in_the_same_way(desk: Desk) -> None:
    desk.counts.figures[None, TODAY] = Figures(registered=6)
    report = await desk.reports.platform_days(FIRST, TODAY, 3)
    assert [day.figures.registered for day in report.days[-2:] if day.figures] == [1, 6]
    assert report.top is not None
    assert [each.shop_no for each in report.top] == [SHOP]


async def test_loaded_days_are_known_without_counting_a_day_or_a_view(desk: Desk) -> None:
    loaded = await desk.reports.loaded(SHOP, FIRST - timedelta(days=1), TODAY)
    assert [*loaded] == days(FIRST, TODAY - timedelta(days=1))
    assert loaded[FIRST] == Figures(registered=1, bytes_change=10)
    assert desk.cache is not None
    assert (desk.counts.counted, desk.cache.views) == ([], {})


# The cache


async def test_a_page_reads_the_store_once_and_other_processes_not_at_all(desk: Desk) -> None:
    for _ in range(3):
        await desk.read()
    other = desk.process()
    assert (await other.shop_days(SHOP, FIRST, TODAY)).days == (await desk.read()).days
    assert desk.store.reads == 1
    assert desk.cache is not None
    versions = Loads(await desk.store.manifest()).versions
    assert sorted(desk.cache.values) == [f"stats:1:daily:{month:%Y-%m}:7:{versions[month]}" for month in sorted(versions)]


async def test_a_load_that_is_published_late_under_a_lower_number_is_seen_too(desk: Desk) -> None:
    first, second = date(2026, 3, 2), date(2026, 3, 3)
    desk.load(second, 501, [ShopRow(SHOP, Figures(registered=7))])
    await desk.read()
    desk.load(first, 500, [ShopRow(SHOP, Figures(registered=8))])
    desk.seconds += FRESH
    report = await desk.process().shop_days(SHOP, first, second)
    assert [day.figures.registered for day in report.days if day.figures] == [8, 7]


async def test_today_is_never_kept_but_shared_by_those_who_ask_at_once(desk: Desk) -> None:
    reports = await asyncio.gather(*(desk.read() for _ in range(50)))
    assert {report.days for report in reports} == {reports[0].days}
    assert desk.counts.counted == [(SHOP, TODAY)]
    desk.counts.figures[SHOP, TODAY] = Figures(registered=6)
    assert (await desk.read()).days[-1].figures == Figures(registered=6)


async def test_without_the_cache_a_report_is_slower_and_the_same(desk: Desk) -> None:
    before = await desk.read()
    assert desk.cache is not None
    desk.cache.is_down = True
    assert (await desk.process().shop_days(SHOP, FIRST, TODAY)).days == before.days
    assert desk.store.reads == 2


async def test_rubbish_in_the_cache_is_read_again_from_the_store(desk: Desk) -> None:
    before = await desk.read()
    assert desk.cache is not None
    for key in desk.cache.values:
        desk.cache.values[key] = b"zrubbish"
    assert (await desk.process().shop_days(SHOP, FIRST, TODAY)).days == before.days


async def test_refreshing_reads_the_store_again(desk: Desk) -> None:
    await desk.read()
    await desk.reports.refresh(SHOP)
    assert desk.cache is not None
    assert desk.cache.values == {}
    await desk.read()
    assert desk.store.reads == 2


async def test_the_shops_that_are_looked_at_most_are_read_before_they_are_asked_for(desk: Desk) -> None:
    assert desk.cache is not None
    await desk.read()
    await desk.reports.warm(await desk.cache.most_viewed(10))
    reads = desk.store.reads
    await desk.process().shop_days(SHOP, FIRST, TODAY)
    assert desk.store.reads == reads


async def test_a_lock_whose_holder_died_is_not_waited_for_longer_than_it_lasts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faust_app.flows.statistics.month_blocks.LOCK_MS", 30)
    assert desk.cache is not None
    desk.cache.locks = {f"{SHOP}:stats:1:daily:2026-03:7:9-49": "of a dead process"}
    assert (await desk.read()).days[0].source is Source.SETTLED
