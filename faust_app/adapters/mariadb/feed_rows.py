"""The table `result_feed` as its readers see it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.operators.access import Shops
from faust_app.core.results.feed import FeedEnd, FeedPage
from faust_app.core.results.result import Positioned

WINDOW: Final = 20_000
"""Results that one page of several shops searches: shops that have none among millions cost no long query."""
MOST_GROUPED: Final = 5_000
"""Most results that are grouped by shop in one query; where there are more, every reader is woken."""
_END: Final = "SELECT installation, last_position, dropped_position FROM result_sequence WHERE id = 1"
# One statement has one snapshot: what it finds of the feed is all there was up to `last_position`, unless some of it is dropped,
# and then `dropped_position` says so. The rows are sorted by us: only the inner order decides which they are.
_PAGE: Final = """
SELECT s.installation, s.last_position, s.dropped_position, EXISTS (SELECT 1 FROM result_feed WHERE position = %s),
    f.position, f.at, f.shop_no, f.image_id, f.body
FROM result_sequence s LEFT JOIN (
    SELECT position, at, shop_no, image_id, body FROM result_feed {index} WHERE {shops}position > %s {until}ORDER BY position LIMIT %s
) f ON TRUE WHERE s.id = 1
"""
_BY_POSITION: Final = "FORCE INDEX (PRIMARY)"
_BY_SHOP: Final = "FORCE INDEX (by_shop)"
_WINDOW_END: Final = "SELECT position FROM result_feed WHERE position > %s ORDER BY position LIMIT %s, 1"
_SHOPS: Final = """
SELECT shop_no, COUNT(*) FROM (
    SELECT shop_no FROM result_feed WHERE position > %s AND position <= %s ORDER BY position LIMIT %s
) f GROUP BY shop_no
"""


class MariaFeedRows:
    """Implements `flows.ports.feed.FeedRows` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def end(self) -> FeedEnd:
        (row,) = await self._database.rows(_END)
        return FeedEnd(*row)

    async def page(self, after: int, shops: Shops, limit: int) -> FeedPage:
        if shops is None:
            return await self._page(_PAGE.format(index=_BY_POSITION, shops="", until=""), after, (after,), limit)
        if len(shops) == 1:
            return await self._page(_PAGE.format(index=_BY_SHOP, shops="shop_no = %s AND ", until=""), after, (*shops, after), limit)
        return await self._page_of_many(after, sorted(shops), limit)

    async def shops_between(self, after: int, until: int) -> frozenset[int | None] | None:
        found = await self._database.rows(_SHOPS, (after, until, MOST_GROUPED))
        return None if sum(count for _, count in found) == MOST_GROUPED else frozenset(shop_no for shop_no, _ in found)

    async def _page_of_many(self, after: int, shops: Sequence[int], limit: int) -> FeedPage:
        """Look through a window: the index has one order for each shop, and to merge those of many would read all of each."""
        window = await self._database.rows(_WINDOW_END, (after, WINDOW - 1))
        until = "AND position <= %s " if window else ""
        named = f"shop_no IN ({', '.join(['%s'] * len(shops))}) AND " if shops else "FALSE AND "
        sql = _PAGE.format(index=_BY_POSITION, shops=named, until=until)
        page = await self._page(sql, after, (*shops, after, *(window[0] if window else ())), limit)
        if page.more or not window:
            return page
        return replace(page, through=window[0][0], more=True)

    async def _page(self, sql: str, after: int, parameters: Sequence[Any], limit: int) -> FeedPage:
        found = await self._database.rows(sql, (after, *parameters, limit + 1))
        *reached, is_known = found[0][:4]
        end = FeedEnd(*reached)
        rows = sorted((Positioned(*row[4:]) for row in found if row[4] is not None), key=_position)
        if len(rows) > limit:
            return FeedPage(rows[:limit], rows[limit - 1].position, more=True, end=end, is_known=bool(is_known))
        return FeedPage(rows, end.last, more=False, end=end, is_known=bool(is_known))


def _position(row: Positioned) -> int:
    return row.position
