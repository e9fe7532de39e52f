"""What a shop can mend, grouped and searched by the keys of migration 0009, so that 120,000 failed images take milliseconds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.reports.mend import Fetching, PicturelessProduct, ShopCounts, Tally, tally_of

_FAILED: Final = "failed\t"
"""How `mend` begins for a failed image that shows no picture."""
_LOOKED_AT: Final = 20_000
"""Images in progress that are looked at for a picture: each is a row to read, and the page must not wait for a million."""
_SCANNED: Final = 200_000
"""Names searched for a part of them, in some tenths of a second."""
_TALLIES: Final = (
    "SELECT mend, COUNT(*), MIN(mend_at) FROM image FORCE INDEX (by_mend) WHERE shop_no = %s AND mend IS NOT NULL GROUP BY mend"
)
_UNDER_WAY: Final = f"""
SELECT COUNT(*), COALESCE(SUM(pictured), 0) FROM (
    SELECT pictured FROM image FORCE INDEX (by_state) WHERE state = 'IN_PROGRESS' AND shop_no = %s AND version > 0 LIMIT {_LOOKED_AT}) found
"""  # noqa: S608 - our own number
# A scalar subquery, because MariaDB would read every picture of the shop to answer NOT EXISTS.
_PICTURELESS: Final = """
FROM (SELECT DISTINCT product_id AS p FROM image FORCE INDEX (by_mend)
    WHERE shop_no = %s AND mend LIKE %s AND product_id IS NOT NULL AND product_id > %s) failed
WHERE (SELECT 1 FROM image FORCE INDEX (by_product) WHERE shop_no = %s AND product_id = failed.p AND pictured = 1 LIMIT 1) IS NULL
"""
_FETCHED: Final = """
SELECT SUM(state = 'IN_PROGRESS'), MAX(IF(state = 'IN_PROGRESS', NULL, updated_at)) FROM image
WHERE shop_no = %s AND requested_at BETWEEN %s AND %s
"""
_IMAGES: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_mend) WHERE shop_no = %s AND mend IN ({{marks}}) AND image_id > %s ORDER BY image_id LIMIT %s
"""  # noqa: S608 - our own columns
_OF_PRODUCT: Final = """
SELECT product_name, sku, image_id, error_code, fingerprint, judged_by FROM image FORCE INDEX (by_product)
WHERE shop_no = %s AND product_id = %s AND state = 'FAILED' ORDER BY image_id
"""
_BEGINNING: Final = f"SELECT {ROW} FROM image FORCE INDEX ({{index}}) WHERE shop_no = %s AND {{column}} LIKE %s LIMIT %s"  # noqa: S608 - as above
_CONTAINING: Final = """
SELECT image_id FROM (SELECT image_id, {column} AS name FROM image FORCE INDEX ({index})
    WHERE shop_no = %s AND {column} IS NOT NULL LIMIT {scanned}) names
WHERE name LIKE %s LIMIT %s
"""
_BY_URL: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_source) WHERE source_hash = CRC32(%s) AND source_url = %s AND shop_no = %s LIMIT %s
"""  # noqa: S608 - as above
_NAMES: Final = (("by_sku", "sku"), ("by_product_name", "product_name"), ("by_file_name", "file_name"))


class MariaMendRows:
    """Implements `flows.ports.reports.MendRows` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._search = MariaImageSearch(database)

    async def tallies(self, shop_no: int) -> list[Tally]:
        return [tally_of(*values) for values in await self._database.rows(_TALLIES, (shop_no,))]

    async def counts(self, shop_no: int) -> ShopCounts:
        by_state = await self._search.counts(shop_no)
        ((looked_at, shown),) = await self._database.rows(_UNDER_WAY, (shop_no,))
        return ShopCounts(by_state, int(shown), at_least=by_state.get(ImageState.IN_PROGRESS, 0) > looked_at)

    async def pictureless(self, shop_no: int) -> int:
        ((products,),) = await self._database.rows("SELECT COUNT(*)" + _PICTURELESS, (shop_no, f"{_FAILED}%", "", shop_no))
        return int(products)

    async def fetched_of(self, shop_no: int, since: datetime, until: datetime) -> Fetching:
        ((in_progress, ended_at),) = await self._database.rows(_FETCHED, (shop_no, since, until))
        return Fetching(int(in_progress or 0), ended_at)

    async def images(self, shop_no: int, mends: Sequence[str], after: bytes, limit: int) -> list[ImageRow]:
        if not mends:
            return []
        sql = _IMAGES.format(marks=", ".join(["%s"] * len(mends)))
        return await self._rows(sql, (shop_no, *mends, after, limit))

    async def products(self, shop_no: int, after: str, limit: int) -> list[PicturelessProduct]:
        sql = "SELECT failed.p" + _PICTURELESS + " ORDER BY failed.p LIMIT %s"
        found = await self._database.rows(sql, (shop_no, f"{_FAILED}%", after, shop_no, limit))
        return [await self._product(shop_no, product_id) for (product_id,) in found]

    async def search(self, shop_no: int, text: str, limit: int) -> list[ImageRow]:
        found = {row.key: row for row in await self._search.named(shop_no, [text.encode("utf-8", "replace")])}
        if text.startswith(("http://", "https://")):
            found |= {row.key: row for row in await self._rows(_BY_URL, (text, text, shop_no, limit))}
        for index, column in _NAMES:
            rows = await self._rows(_BEGINNING.format(index=index, column=column), (shop_no, f"{_literal(_as_kept(column, text))}%", limit))
            found |= {row.key: row for row in rows}
        for index, column in _NAMES:
            if len(found) < limit:
                found |= {row.key: row for row in await self._containing(shop_no, index, column, _as_kept(column, text), limit)}
        return [row for row in found.values() if row.version > 0][:limit]

    async def _containing(self, shop_no: int, index: str, column: str, text: str, limit: int) -> list[ImageRow]:
        sql = _CONTAINING.format(index=index, column=column, scanned=_SCANNED)
        ids = [image_id for (image_id,) in await self._database.rows(sql, (shop_no, f"%{_literal(text)}%", limit))]
        return await self._search.named(shop_no, ids)

    async def _product(self, shop_no: int, product_id: str) -> PicturelessProduct:
        rows = await self._database.rows(_OF_PRODUCT, (shop_no, product_id))
        if not rows:  # mended between the two reads
            return PicturelessProduct(product_id, None, None, 0, b"", None, None, None)
        name, sku, image_id, code, cause, release = rows[0]
        return PicturelessProduct(product_id, name, sku, len(rows), image_id, code, cause, release)

    async def _rows(self, sql: str, parameters: Sequence[Any]) -> list[ImageRow]:
        return image_rows(await self._database.rows(sql, parameters))


def _as_kept(column: str, text: str) -> str:
    return text.lower() if column == "file_name" else text


def _literal(text: str) -> str:
    """Return a text that LIKE takes as it is."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
