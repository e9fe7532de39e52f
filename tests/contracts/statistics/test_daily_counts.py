"""The history is counted right to the unit, whatever the outcome, the day and the moment."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from faust_app.adapters.mariadb.daily_counts import MariaDailyCounts
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.ledger import MariaLedger
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Failed, Kept, Outcome, Removed, Retry, Stored
from faust_app.core.images.row import ImageRow, Shown
from faust_app.core.images.transitions.repair import recovered, republished, rescued
from faust_app.core.messages.events import Op
from faust_app.core.statistics.calendar import bounds, month_bounds
from faust_app.core.statistics.figures import NOTHING, Figures
from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.flows.images.settle import settle_all
from faust_app.flows.maintenance.recover import _republish_missing
from tests.contracts.mariadb.test_image_repository import accept
from tests.contracts.statistics.history import failed, stored, write
from tests.factories import make_shown

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO, FAR = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - as the database keeps it
GRACE = timedelta(0)


def counts_in(database: Database, zone: ZoneInfo) -> MariaDailyCounts:
    return MariaDailyCounts(database, lambda month: month_bounds(month, zone).start)


class Images:
    """Settles images on the real rows, and counts what was said of a shop."""

    def __init__(self, database: Database) -> None:
        self.rows = MariaImageRepository(database)
        self.counts = counts_in(database, SEOUL)
        self._database = database

    async def settle(self, *outcomes: Outcome) -> None:
        keys = [outcome.row.key for outcome in outcomes]
        await self.rows.change(keys, lambda locked: settle_all(outcomes, locked, GRACE))

    async def again(self, row: ImageRow) -> ImageRow:
        return (await self.rows.load([row.key]))[row.key]

    async def figures(self, shop_no: int) -> Figures:
        day = (await self._database.now()).replace(tzinfo=UTC).astimezone(SEOUL).date()
        days = [day - timedelta(days=1), day, day + timedelta(days=1)]
        found = await self.counts.of_shop(shop_no, [(each, bounds(each, SEOUL)) for each in days])
        return sum(found.values(), NOTHING)


@pytest.fixture
def images(database: Database) -> Images:
    return Images(database)


def sized(row: ImageRow, size: int, digest: bytes = b"\x01" * 32) -> Shown:
    shown = make_shown(row, digest=digest)
    return Shown(shown.version, shown.object_key, shown.url, shown.sha256, size, shown.content_type, 20, 10)


async def test_a_shop_is_told_what_it_asked_for(images: Images) -> None:
    (row,) = await accept(images.rows, 7, "a")
    await images.settle(Stored(row, sized(row, 1000)))
    (row,) = await accept(images.rows, 7, "a")
    await images.settle(Stored(row, sized(row, 400, b"\x02" * 32)))
    (row,) = await accept(images.rows, 7, "a", op=Op.DELETE)
    await images.settle(Removed(row))
    found = await images.figures(7)
    assert (found.registered, found.updated, found.deleted) == (1, 1, 1)
    assert (found.bytes_in, found.bytes_change, found.times.count) == (1400, 0, 3)
    assert await images.figures(8) == NOTHING


async def test_a_request_that_changes_nothing_counts_nowhere(images: Images) -> None:
    (row,) = await accept(images.rows, 7, "a")
    shown = sized(row, 1000)
    await images.settle(Stored(row, shown))
    before = await images.figures(7)
    for transferred in (True, False):
        (row,) = await accept(images.rows, 7, "a")
        await images.settle(Kept(row, shown, transferred))
    (row,) = await accept(images.rows, 7, "never shown", op=Op.DELETE)
    await images.settle(Removed(row))
    assert await images.figures(7) == before


@pytest.mark.parametrize(
    ("code", "figure"),
    [
        (FailureCode.TOO_LARGE, "failed_shop"),
        (FailureCode.SOURCE_NOT_FOUND, "failed_shop"),
        (FailureCode.SOURCE_TIMEOUT, "failed_source"),
        (FailureCode.HOST_DOWN, "failed_source"),
        (FailureCode.INTERNAL_ERROR, "failed_ours"),
        (FailureCode.LOST_REPEATEDLY, "failed_ours"),
    ],
)
async def test_a_failure_counts_for_whose_fault_it_is(images: Images, code: FailureCode, figure: str) -> None:
    (row,) = await accept(images.rows, 7, "a")
    await images.settle(Retry(row, code, "once", timedelta(0)))
    row = await images.again(row)
    await images.settle(Failed(row, code, "for good"))
    found = await images.figures(7)
    assert (found.retried, found.failed, getattr(found, figure), found.dead_lettered) == (1, 1, 1, 1)
    assert found.bytes_change == found.registered == found.times.count == 0


async def test_what_operators_repair_is_never_billed(images: Images) -> None:
    good, bad = await accept(images.rows, 7, "good", "bad")
    await images.settle(Stored(good, sized(good, 10)), Failed(bad, FailureCode.EMPTY, "why"))

    def begin(locked: Locked) -> tuple[Changes, list[ImageRow]]:
        rows = [republished(row, locked.now) for row in locked.rows.values()]
        return Changes(accepted=rows), rows

    again = {row.image_id: row for row in await images.rows.change([good.key, bad.key], begin)}
    await images.settle(Failed(again[b"good"], FailureCode.EMPTY, "gone meanwhile"), Stored(again[b"bad"], sized(again[b"bad"], 30)))
    found = await images.figures(7)
    assert (found.registered, found.repaired, found.failed_shop, found.dead_lettered) == (1, 1, 2, 1)
    assert (found.bytes_in, found.bytes_change) == (10, 40)


async def test_a_lost_event_and_a_missing_object_are_counted_as_ours(images: Images) -> None:
    (row,) = await accept(images.rows, 7, "a")

    def rescue(locked: Locked) -> tuple[Changes, None]:
        changes = Changes()
        changes.take(rescued(locked.rows[row.key], row, locked.now), attempt=0)
        return changes, None

    row = await images.again(row)
    await images.rows.change([row.key], rescue)
    row = await images.again(row)
    await images.settle(Stored(row, sized(row, 500)))
    row = await images.again(row)
    assert await images.rows.change([row.key], _republish_missing([row])) == 1
    assert (await images.figures(7)).bytes_change == 0
    row = await images.again(row)
    await images.settle(Stored(row, sized(row, 500, b"\x03" * 32)))
    found = await images.figures(7)
    assert (found.rescued, found.registered, found.repaired, found.bytes_change) == (1, 1, 1, 500)
    assert recovered(row, row, LONG_AGO) is None


async def test_the_history_says_the_same_bytes_as_the_rows_after_whatever_happened(images: Images, database: Database) -> None:
    chance = random.Random(14)
    for _ in range(120):
        shop_no, image_id = chance.choice((1, 2)), f"i{chance.randrange(6)}"
        (row,) = await accept(images.rows, shop_no, image_id, op=chance.choice((Op.REGISTER, Op.REGISTER, Op.DELETE)))
        shown = sized(row, chance.randrange(1, 10_000), bytes([chance.randrange(256)]) * 32)
        ends: list[Outcome] = [Failed(row, FailureCode.EMPTY, "why")]
        ends += [Removed(row)] if row.op is Op.DELETE else [Stored(row, shown)] * 3
        if row.op is not Op.DELETE and row.shown is not None:
            ends.append(Kept(row, row.shown, transferred=True))
        await images.settle(chance.choice(ends))
    by_history, by_rows = await images.counts.difference_to_rows()
    assert by_history == by_rows > 0
    shops = [await images.counts.stored(shop_no, FAR) for shop_no in (1, 2)]
    assert sum(shops) == await images.counts.stored(None, FAR) == by_rows
    assert sum([(await images.figures(shop_no)).bytes_change for shop_no in (1, 2)]) == by_rows
    assert await images.counts.stored(1, LONG_AGO) == 0
    ((stored_rows,),) = await database.rows("SELECT SUM(bytes) FROM image WHERE shop_no = 1 AND object_key IS NOT NULL")
    assert shops[0] == stored_rows


# Days


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 30), 24)], ids=["spring", "autumn", "any"]
)
async def test_a_day_has_the_hours_of_its_zone(database: Database, day: date, hours: int) -> None:
    span = bounds(day, BERLIN)
    assert span.end - span.start == timedelta(hours=hours)
    tick = timedelta(microseconds=1)
    await write(database, [stored(span.start - tick), stored(span.start), stored(span.end - tick), stored(span.end)])
    for each, count in ((day - timedelta(days=1), 1), (day, 2), (day + timedelta(days=1), 1)):
        snapshot = await counts_in(database, BERLIN).snapshot(each, bounds(each, BERLIN), with_balance=False)
        assert snapshot.totals.sums["registered"] == count


async def test_a_later_snapshot_has_a_higher_number_and_every_shop_has_a_row(database: Database) -> None:
    day = date(2026, 3, 2)
    start = bounds(day, SEOUL).start
    await write(database, [stored(start, 7, took=0), stored(start, 7, took=5000), failed(start, 8), stored(start, 9, took=2**32 - 1)])
    counts = counts_in(database, SEOUL)
    first, second = [await counts.snapshot(day, bounds(day, SEOUL), with_balance=False) for _ in range(2)]
    assert second.load_id == first.load_id + 1
    assert first.totals.matches(second.totals)
    assert [row.shop_no for row in first.rows] == [7, 8, 9]
    times = first.rows[0].figures.times
    assert (times.count, times.total, times.longest) == (2, 5000, 5000)
    assert [bucket for bucket, count in enumerate(times.histogram) if count] == [0, 12]
    assert first.rows[2].figures.times.histogram[-1] == 1
    assert (await counts.of_platform([(day, bounds(day, SEOUL))]))[day] == sum((row.figures for row in first.rows), NOTHING)


async def test_a_month_begins_with_what_was_stored_even_for_shops_that_rest(database: Database) -> None:
    counts = counts_in(database, SEOUL)
    for month, size in ((1, 100), (2, 20)):
        await write(database, [stored(bounds(date(2026, month, 5), SEOUL).start, 7, size=size)])
    await write(
        database, [stored(bounds(date(2026, 1, 9), SEOUL).start, 8, size=5), stored(bounds(date(2026, 2, 1), SEOUL).start, 9, size=3)]
    )
    by_month = {}
    for month in (2, 3):
        day = date(2026, month, 1)
        rows = (await counts.snapshot(day, bounds(day, SEOUL), with_balance=True)).rows
        by_month[month] = {row.shop_no: row.bytes_before for row in rows}
    assert by_month == {2: {7: 100, 8: 5, 9: 0}, 3: {7: 120, 8: 5, 9: 3}}
    assert await counts.stored(7, bounds(date(2026, 2, 4), SEOUL).start) == 100
    assert await counts.stored(None, bounds(date(2026, 2, 20), SEOUL).start) == 128


# Lists


async def test_every_figure_opens_exactly_the_lines_it_counts(database: Database) -> None:
    day = date(2026, 3, 2)
    start = bounds(day, SEOUL).start
    lines = [stored(start + timedelta(seconds=n), name=name) for n, name in enumerate(("registered", "updated", "repaired"))]
    lines += [failed(start + timedelta(hours=1), fault=fault) for fault in ("shop", "source", "ours", "ours")]
    await write(database, [*lines, stored(start, 8), stored(bounds(day, SEOUL).end)])
    figures = (await counts_in(database, SEOUL).of_shop(7, [(day, bounds(day, SEOUL))]))[day]
    for kind in Kind:
        entries = await MariaLedger(database).of_day(7, bounds(day, SEOUL), kind, after=None, limit=100)
        assert len(entries) == getattr(figures, kind.value), kind


async def test_a_list_goes_on_where_it_ended_also_among_equal_times(database: Database) -> None:
    span, ledger = bounds(date(2026, 3, 2), SEOUL), MariaLedger(database)
    await write(database, [stored(span.start) for _ in range(5)] + [stored(span.start + timedelta(hours=1))])
    seen: list[LedgerEntry] = []
    after = None
    while page := await ledger.of_day(7, span, Kind.REGISTERED, after=after, limit=2):
        seen += page
        after = await ledger.position(7, page[-1].cursor)
    assert await ledger.position(8, seen[0].cursor) is None
    assert len({entry.cursor for entry in seen}) == 6
    assert [entry.at for entry in seen] == sorted((entry.at for entry in seen), reverse=True)
