"""The lines of `image_history` that a figure counts, as lists of images."""

from collections.abc import Sequence
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.statistics.calendar import Bounds
from faust_app.core.statistics.ledger import Kind, LedgerEntry, Position

_CONDITIONS: Final = {
    **{kind: f"h.counts_as = '{kind.value}'" for kind in Kind},
    **{
        kind: f"h.counts_as = 'failed' AND h.fault = '{kind.value.removeprefix('failed_')}'"
        for kind in (Kind.FAILED_SHOP, Kind.FAILED_SOURCE, Kind.FAILED_OURS)
    },
    Kind.DEAD_LETTERED: "h.counts_as = 'failed' AND h.outcome = 'failed'",
}
# The image as it stands lends its product and address: they may be others than at the time.
_LINES: Final = """
SELECT h.id, h.at, h.image_id, h.version, h.outcome, h.code, h.bytes, h.bytes_change, h.took_ms, i.product_id, i.source_url, i.product_name
FROM image_history h FORCE INDEX (by_shop) LEFT JOIN image i ON i.shop_no = h.shop_no AND i.image_id = h.image_id
WHERE h.shop_no = %s AND h.at >= %s AND h.at < %s AND {condition}{behind} ORDER BY h.at DESC, h.id DESC LIMIT %s
"""
# The first condition bounds the index; the second one tells lines of the same time apart.
_BEHIND: Final = " AND h.at <= %s AND (h.at < %s OR h.id < %s)"
_POSITION: Final = "SELECT at, id FROM image_history WHERE id = %s AND shop_no = %s"


class MariaLedger:
    """Implements `flows.ports.statistics.LedgerLines` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, shop_no: int, cursor: int) -> Position | None:
        found = await self._database.rows(_POSITION, (cursor, shop_no))
        return Position(*found[0]) if found else None

    async def of_day(self, shop_no: int, bounds: Bounds, kind: Kind, *, after: Position | None, limit: int) -> Sequence[LedgerEntry]:
        behind, cursor = ("", []) if after is None else (_BEHIND, [after.at, after.at, after.cursor])
        sql = _LINES.format(condition=_CONDITIONS[kind], behind=behind)
        return [LedgerEntry(*row) for row in await self._database.rows(sql, (shop_no, bounds.start, bounds.end, *cursor, limit))]
