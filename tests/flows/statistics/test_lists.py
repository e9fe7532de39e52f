"""The lists behind figures: each page reads the days from its cursor on, and no more."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from faust_app.core.statistics.calendar import Bounds, days_between
from faust_app.core.statistics.figures import NOTHING, Figures
from faust_app.core.statistics.ledger import Kind, LedgerEntry, Position
from faust_app.flows.statistics.lists import LedgerLists

ZONE = ZoneInfo("UTC")
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 1)
PER_DAY = 3
SHOP = 7


class Days:
    """Every day but the last is loaded, the tenth of a month without any image."""

    async def loaded(self, shop_no: int, first: date, last: date) -> dict[date, Figures]:
        assert shop_no == SHOP
        return {day: NOTHING if day.day == 10 else Figures(registered=PER_DAY) for day in days_between(first, last) if day < LAST}


class Lines:
    """Three lines of the same time on each day but the tenth."""

    def __init__(self) -> None:
        days = [day for day in days_between(FIRST, LAST) if day.day != 10 for _ in range(PER_DAY)]
        self.all = [
            LedgerEntry(number, datetime(day.year, day.month, day.day, 12), b"i", 1, "stored", None, 1, 1, None)  # noqa: DTZ001 - UTC
            for number, day in enumerate(days, 1)
        ]
        self.asked: list[date] = []
        self.looked_up = 0

    async def position(self, shop_no: int, cursor: int) -> Position | None:
        self.looked_up += 1
        return next((Position(line.at, line.cursor) for line in self.all if shop_no == SHOP and line.cursor == cursor), None)

    async def of_day(self, _shop_no: int, bounds: Bounds, _kind: Kind, *, after: Position | None, limit: int) -> Sequence[LedgerEntry]:
        self.asked.append(bounds.start.date())
        lines = [line for line in self.all if bounds.start <= line.at < bounds.end]
        behind = [line for line in lines if after is None or (line.at, line.cursor) < (after.at, after.cursor)]
        return sorted(behind, key=lambda line: -line.cursor)[:limit]


async def whole(lines: Lines, limit: int) -> tuple[list[LedgerEntry], int]:
    lists, pages, after = LedgerLists(Days(), lines, ZONE), 0, None
    seen: list[LedgerEntry] = []
    while page := await lists.entries(SHOP, FIRST, LAST, Kind.REGISTERED, after=after, limit=limit):
        seen += page
        after, pages = page[-1].cursor, pages + 1
    return seen, pages


async def test_a_whole_list_reads_each_day_once_for_each_page_that_touches_it() -> None:
    lines = Lines()
    seen, pages = await whole(lines, 4)
    assert seen == lines.all[::-1]
    days = len({line.at for line in lines.all})
    assert lines.looked_up == pages
    assert len(lines.asked) <= days + 2 * pages
    assert date(2026, 1, 10) not in lines.asked


async def test_nothing_follows_a_cursor_that_is_no_line_of_the_shop() -> None:
    lines = Lines()
    assert await LedgerLists(Days(), lines, ZONE).entries(SHOP, FIRST, LAST, Kind.REGISTERED, after=10**6, limit=4) == []
    assert lines.asked == []


async def test_nothing_is_read_where_the_cursor_is_before_the_range() -> None:
    lines = Lines()
    first = LAST - timedelta(days=5)
    assert await LedgerLists(Days(), lines, ZONE).entries(SHOP, first, LAST, Kind.REGISTERED, after=1, limit=4) == []
    assert lines.asked == []
