"""A load leaves the same figures, run twice, by two at once, or killed at any step; and closed months change with a reason only."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from faust_app.adapters.mariadb.daily_counts import MariaDailyCounts
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.statistics_book import MariaStatisticsBook
from faust_app.core.alerts.alert import FaultKind
from faust_app.core.statistics.calendar import month_bounds
from faust_app.core.statistics.load import Loaded, Marker, ShopRow
from faust_app.flows.ports.statistics import StatisticsStore
from faust_app.flows.statistics.load import LoadIncomplete, StatisticsLoader, ZoneChanged
from faust_app.flows.statistics.load_range import LoadRange, RangeError
from faust_app.flows.statistics.nightly import Months, NightlyFindings, NightlyStatistics
from tests.contracts.statistics.history import at_noon, busy_days, failed, stored, write
from tests.fakes.clock import FakeClock

UTC_ZONE = ZoneInfo("UTC")
FIRST = date(2026, 2, 26)
NOW = datetime(2026, 3, 6, 0, 10)  # noqa: DTZ001 - as the database keeps it
MARCH = date(2026, 3, 1)
DAYS = 8
"""From FIRST to the day before NOW."""


@dataclass
class FakeAlerts:
    opened: dict[tuple[FaultKind, str | None], str] = field(default_factory=dict)

    def open(self, kind: FaultKind, *, detail: str = "", subject: str | None = None, **_: Any) -> None:
        self.opened[kind, subject] = detail

    def close(self, kind: FaultKind, *, subject: str | None = None, **_: Any) -> None:
        self.opened.pop((kind, subject), None)


class Statistics:
    """A loader on a real history and store, at a time that tests choose."""

    def __init__(self, database: Database, store: StatisticsStore, zone: ZoneInfo = UTC_ZONE) -> None:
        self.now = NOW
        self.store = store
        self.database = database
        self.book = MariaStatisticsBook(database)
        self.counts = MariaDailyCounts(database, lambda month: month_bounds(month, zone).start)
        self.alerts = FakeAlerts()
        self.warmed = 0
        self.loader = StatisticsLoader(self.counts, store, self.book, zone=zone, clock=FakeClock(lambda: self.now))
        self.nightly = NightlyStatistics(
            self.loader, self.counts, store, self.book, alerts=self.alerts, months=Months(zone, 3), warm=self._warm
        )

    async def _warm(self) -> None:
        self.warmed += 1

    async def night(self) -> NightlyFindings:
        """Run the whole night and return its findings."""
        found = (await self.nightly.run(self.now, None)).found
        findings = NightlyFindings()
        findings.loaded = [date.fromisoformat(day) for day in found["loaded"]]
        self.found = found
        return findings

    async def read(self) -> dict[date, list[ShopRow]]:
        """Return what a reader sees of shop 7."""
        manifest = await self.store.manifest()
        rows = await self.store.shop_rows(7, FIRST, self.now.date())
        return {day: [row for at, load, row in rows if at == day and load == manifest[day].load_id] for day in sorted(manifest)}


@pytest.fixture
async def statistics(database: Database, store: StatisticsStore) -> Statistics:
    await write(database, busy_days(FIRST, DAYS))
    return Statistics(database, store)


async def test_a_night_loads_every_day_that_is_missing_and_says_so(statistics: Statistics) -> None:
    findings = await statistics.night()
    assert sorted(findings.loaded) == [FIRST + timedelta(days=n) for n in range(DAYS)]
    seen = await statistics.read()
    assert [rows[0].figures.bytes_in for rows in seen.values()] == [100 + n for n in range(DAYS)]
    assert seen[date(2026, 3, 1)][0].bytes_before == 100 + 101 + 102
    assert statistics.found["closed"] == [1], "February is over for three days"
    assert statistics.warmed == 1
    assert list(statistics.alerts.opened) == [(FaultKind.STATISTICS_CHANGED, "stored bytes")], "this history has no rows of images"
    assert "+828 bytes more" in statistics.alerts.opened[FaultKind.STATISTICS_CHANGED, "stored bytes"]


async def test_a_second_night_changes_nothing(statistics: Statistics) -> None:
    await statistics.night()
    before = await statistics.store.manifest()
    assert (await statistics.night()).loaded == []
    assert await statistics.store.manifest() == before
    assert statistics.found["changed"] == statistics.found["listed"] == {}


async def test_two_processes_at_once_leave_the_figures_of_one(statistics: Statistics) -> None:
    other = Statistics(statistics.database, statistics.store)
    await statistics.loader.prepare()
    seen: list[list[int]] = []

    async def watch() -> None:
        while True:
            rows = await statistics.read()
            seen.append([row.figures.registered for each in rows.values() for row in each])
            assert all(len(each) == 1 for each in rows.values()), "a reader never sees half a day, or a day twice"
            await asyncio.sleep(0)

    watching = asyncio.ensure_future(watch())
    await asyncio.gather(statistics.night(), other.night(), *(other.loader.load(FIRST) for _ in range(3)))
    watching.cancel()
    (end,) = await asyncio.gather(watching, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError), end
    assert [[row.figures.registered for row in rows] for rows in (await statistics.read()).values()] == [[1]] * DAYS
    assert seen


class DyingStore:
    """Passes calls on to a store, and dies at the n-th of them: before it, or after it was done."""

    def __init__(self, store: StatisticsStore, step: int, *, after: bool) -> None:
        self._store = store
        self._left = step
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        target = getattr(self._store, name)

        async def call(*arguments: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise KilledHere
            result = await target(*arguments)
            if self._left == 0:
                raise KilledHere
            return result

        return call


class KilledHere(BaseException):
    """The process ends at this step."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_load_that_dies_at_any_step_shows_the_old_or_the_new_day_and_the_next_one_heals_it(
    statistics: Statistics,
    after: bool,  # noqa: FBT001 - a case of the test
) -> None:
    await statistics.night()
    day = date(2026, 3, 4)
    for step in range(1, 4):
        await write(statistics.database, [stored(at_noon(day))])
        whole = {rows[0].figures.registered for rows in [(await statistics.read())[day]]}
        dying = Statistics(statistics.database, DyingStore(statistics.store, step, after=after))
        with pytest.raises(KilledHere):
            await dying.loader.load(day)
        (row,) = (await statistics.read())[day]
        assert row.figures.registered in {*whole, 1 + step}
        await statistics.night()
        (row,) = (await statistics.read())[day]
        assert row.figures.registered == 1 + step


async def test_what_does_not_arrive_whole_is_never_published(statistics: Statistics, monkeypatch: pytest.MonkeyPatch) -> None:
    add_rows = statistics.store.add_rows

    async def lose_one(day: date, load_id: int, rows: Sequence[ShopRow]) -> None:
        await add_rows(day, load_id, rows[1:])

    await statistics.loader.prepare()
    monkeypatch.setattr(statistics.store, "add_rows", lose_one)
    with pytest.raises(LoadIncomplete, match="shops 1 -> 0"):
        await statistics.loader.load(FIRST)
    assert await statistics.store.manifest() == {}


# Drift


async def test_a_day_of_an_open_month_that_changed_is_loaded_again_and_told(statistics: Statistics) -> None:
    await statistics.night()
    await write(statistics.database, [failed(at_noon(date(2026, 3, 4)), fault="ours")])
    await statistics.night()
    assert statistics.found["changed"] == {"2026-03-04": "failed_ours 0 -> 1, dead_lettered 1 -> 2"}
    assert "2026-03-04: failed_ours 0 -> 1" in statistics.alerts.opened[FaultKind.STATISTICS_CHANGED, "open month"]
    await statistics.night()
    assert (FaultKind.STATISTICS_CHANGED, "open month") not in statistics.alerts.opened


async def test_a_difference_in_a_closed_month_is_listed_and_changes_nothing(statistics: Statistics) -> None:
    await statistics.night()
    before = await statistics.read()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    load = await statistics.loader.load(FIRST)
    assert load.outcome is Loaded.LISTED
    assert await statistics.read() == before
    (correction,) = await statistics.book.corrections(date.min)
    assert (correction.day, correction.applied, correction.changed) == (FIRST, False, ("registered", "bytes_in", "bytes_change"))
    await statistics.loader.load(FIRST)
    assert len(await statistics.book.corrections(date.min)) == 1, "the same difference is listed once"


async def test_a_correction_with_a_reason_is_published_and_the_months_after_it_begin_right(statistics: Statistics) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    load = await statistics.loader.load(FIRST, reason="Import of February was late.")
    assert load.outcome is Loaded.PUBLISHED
    seen = await statistics.read()
    assert seen[FIRST][0].figures.registered == 2
    assert seen[date(2026, 3, 1)][0].bytes_before == 100 + 101 + 102 + 5000
    (correction,) = await statistics.book.corrections(date.min)
    assert (correction.reason, correction.applied) == ("Import of February was late.", True)
    await statistics.night()
    assert statistics.found["changed"] == statistics.found["listed"] == {}


async def test_a_day_loaded_anew_leaves_no_wrong_balance(statistics: Statistics) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    await statistics.loader.load(FIRST, reason="late", anew=True)
    assert (await statistics.read())[MARCH][0].bytes_before == 5303


async def test_bytes_that_move_to_another_shop_move_its_balance_too(statistics: Statistics) -> None:
    await write(statistics.database, [stored(at_noon(FIRST), 8, size=500)])
    await statistics.night()
    await statistics.database.change("UPDATE image_history SET shop_no = 7 WHERE shop_no = 8")
    await statistics.loader.load(FIRST, reason="wrong shop")
    assert (await statistics.read())[MARCH][0].bytes_before == 803


@pytest.mark.parametrize("step", ["forget_balances", "apply_correction"])
async def test_a_correction_that_dies_at_any_step_leaves_right_balances(
    statistics: Statistics, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])

    async def die(_argument: object) -> None:
        raise KilledHere

    monkeypatch.setattr(statistics.book, step, die)
    with pytest.raises(KilledHere):
        await statistics.loader.load(FIRST, reason="late")
    monkeypatch.undo()
    await statistics.loader.load(FIRST, reason="late")
    await statistics.night()
    assert (await statistics.read())[MARCH][0].bytes_before == 5303


async def test_a_night_after_a_death_between_a_day_and_the_months_after_it_finds_what_they_began_with(
    statistics: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(statistics.database, [stored(at_noon(MARCH), 9, size=1)])
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    load = statistics.loader.load

    async def die_at_march(day: date, **options: Any) -> Any:
        if day == MARCH:
            raise KilledHere
        return await load(day, **options)

    monkeypatch.setattr(statistics.loader, "load", die_at_march)
    with pytest.raises(KilledHere):
        await statistics.loader.load(FIRST, reason="late")
    monkeypatch.undo()
    await statistics.night()
    assert (await statistics.read())[MARCH][0].bytes_before == 5303


async def test_a_newer_difference_takes_the_place_of_the_one_before_and_a_restored_history_of_both(statistics: Statistics) -> None:
    await statistics.night()
    for size in (5000, 6000):
        await write(statistics.database, [stored(at_noon(FIRST), size=size)])
        await statistics.loader.load(FIRST)
    assert len(await statistics.book.corrections(date.min)) == 1
    await statistics.database.change("DELETE FROM image_history WHERE bytes >= 5000")
    await statistics.loader.load(FIRST)
    assert await statistics.book.corrections(date.min) == []


async def test_a_lost_day_of_a_closed_month_that_changed_meanwhile_is_loaded_and_listed(statistics: Statistics) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    await statistics.store.drop_before(date(2027, 1, 1))
    await statistics.night()
    assert FIRST in await statistics.store.manifest()
    (correction,) = [each for each in await statistics.book.corrections(date.min) if each.day == FIRST]
    assert (correction.applied, correction.changed) == (True, ("registered", "bytes_in", "bytes_change"))


async def test_a_closed_month_is_counted_again_in_its_turn_and_its_alert_stays(statistics: Statistics) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    for _ in range(2):
        await statistics.night()
        detail = statistics.alerts.opened[FaultKind.STATISTICS_CHANGED, "closed month"]
        assert detail.startswith("Figures of a closed month changed. 2026-02-26: registered")


async def test_figures_begin_with_the_first_day_that_was_counted_whole(statistics: Statistics) -> None:
    await statistics.database.change("UPDATE statistics_state SET counted_from = '2026-03-02 05:00:00'")
    try:
        assert await statistics.loader.loadable() == (date(2026, 3, 3), date(2026, 3, 5))
    finally:
        await statistics.database.change("UPDATE statistics_state SET counted_from = NULL")


async def test_a_correction_whose_process_died_after_publishing_is_marked_later(
    statistics: Statistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    await statistics.night()
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])

    async def die(_number: int) -> None:
        raise KilledHere

    monkeypatch.setattr(statistics.book, "apply_correction", die)
    with pytest.raises(KilledHere):
        await statistics.loader.load(FIRST, reason="why")
    monkeypatch.undo()
    await statistics.night()
    assert [each.applied for each in await statistics.book.corrections(date.min)] == [True]


async def test_a_store_that_was_lost_is_built_again_also_of_closed_months(statistics: Statistics) -> None:
    await statistics.night()
    before = {day: [row.figures for row in rows] for day, rows in (await statistics.read()).items()}
    await statistics.store.drop_before(date(2027, 1, 1))
    assert await statistics.store.manifest() == {}
    await statistics.night()
    assert {day: [row.figures for row in rows] for day, rows in (await statistics.read()).items()} == before
    assert statistics.found["listed"] == {}


async def test_a_store_that_was_set_back_is_mended_also_where_a_month_was_corrected(statistics: Statistics) -> None:
    await statistics.night()
    old = (await statistics.store.manifest())[FIRST]
    await write(statistics.database, [stored(at_noon(FIRST), size=5000)])
    await statistics.loader.load(FIRST, reason="late")
    await statistics.store.publish(Marker(FIRST, 10_000, old.totals, NOW))
    await statistics.store.add_rows(
        FIRST, 10_000, [row for _, load_id, row in await statistics.store.shop_rows(7, FIRST, FIRST) if load_id == old.load_id]
    )
    await statistics.night()
    assert (await statistics.read())[FIRST][0].figures.registered == 2


async def test_loads_of_a_database_that_was_set_back_are_read_too(statistics: Statistics) -> None:
    await statistics.night()
    await statistics.database.change("UPDATE statistics_state SET load_id = 1")
    day = date(2026, 3, 4)
    await write(statistics.database, [stored(at_noon(day))])
    await statistics.night()
    assert (await statistics.read())[day][0].figures.registered == 2


async def test_bytes_that_nobody_counted_are_taken_into_the_history_once(statistics: Statistics) -> None:
    await statistics.night()
    assert await statistics.counts.adjust_to_rows() == {7: -828}
    assert await statistics.counts.adjust_to_rows() == {}
    assert await statistics.counts.difference_to_rows() == (0, 0)


async def test_a_zone_that_changed_is_refused_with_what_to_do(statistics: Statistics) -> None:
    await statistics.loader.prepare()
    moved = Statistics(statistics.database, statistics.store, ZoneInfo("Asia/Seoul"))
    with pytest.raises(ZoneChanged, match=r"PLATFORM_ZONE is Asia/Seoul, .* counted in UTC so far; set PLATFORM_ZONE=UTC again"):
        await moved.loader.prepare()


# Ranges


async def test_a_day_is_loaded_ten_minutes_after_it_has_ended(statistics: Statistics) -> None:
    statistics.now = NOW - timedelta(seconds=1)
    assert await statistics.loader.loadable() == (FIRST, date(2026, 3, 4))
    statistics.now = NOW
    assert await statistics.loader.loadable() == (FIRST, date(2026, 3, 5))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "2026-03-02 is after 2026-03-01"),
        (date(2026, 3, 1), date(2026, 3, 6), "days from 2026-02-26 to 2026-03-05 can be loaded"),
        (date(2020, 1, 1), None, "can be loaded"),
    ],
)
async def test_a_range_that_cannot_be_loaded_is_refused(statistics: Statistics, first: date, last: date | None, said: str) -> None:
    with pytest.raises(RangeError, match=said):
        await LoadRange(statistics.loader).days(first, last)


async def test_without_any_history_there_is_nothing_to_load(database: Database, store: StatisticsStore) -> None:
    empty = Statistics(database, store)
    assert (await empty.night()).loaded == []
    with pytest.raises(RangeError, match="no day to load yet"):
        await LoadRange(empty.loader).days(None, None)
