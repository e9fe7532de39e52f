"""Products of which no picture is shown, found from their failed images."""

from collections.abc import Sequence
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.adapters.mariadb.image_writes import MAX_KEYS, values_table
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.images.search import PageOfImages

_SCANNED: Final = 10_000
"""Failed images read for a page: where few of them match, the page is short, and the next one goes on from there."""
_SHOWN: Final = """
SELECT 1 FROM image FORCE INDEX (by_product) WHERE shop_no = {product}.s AND product_id = {product}.p AND object_key IS NOT NULL
"""
# Each product is looked up once, however many of its images failed.
_COUNT: Final = f"""
SELECT COUNT(*) FROM (
    SELECT DISTINCT shop_no AS s, product_id AS p FROM image FORCE INDEX (by_state)
    WHERE state = 'FAILED' AND object_key IS NULL AND product_id IS NOT NULL) failed
WHERE NOT EXISTS ({_SHOWN.format(product="failed")})
"""  # noqa: S608 - our own words
# The index by state holds the key behind the shop, and is read in its order.
_FAILED: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_state)
WHERE state = 'FAILED' AND shop_no >= %s AND (shop_no > %s OR image_id > %s) ORDER BY shop_no, image_id LIMIT {MAX_KEYS}
"""  # noqa: S608 - our own columns
_WITH_PICTURE: Final = f"SELECT asked.s, asked.p FROM ({{values}}) asked WHERE EXISTS ({_SHOWN.format(product='asked')})"  # noqa: S608


class MariaPicturelessProducts:
    """Implements `flows.ports.monitoring.PicturelessProducts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> int:
        ((products,),) = await self._database.rows(_COUNT)
        return int(products)

    async def images(self, after: ImageKey | None, limit: int) -> PageOfImages:
        key, found = after or (0, b""), list[ImageRow]()
        for _ in range(_SCANNED // MAX_KEYS):
            rows = image_rows(await self._database.rows(_FAILED, (key[0], *key)))
            found += await self._without_picture(rows)
            if len(found) >= limit:
                return PageOfImages(found[:limit], found[limit - 1].key)
            if len(rows) < MAX_KEYS:
                return PageOfImages(found, None)
            key = rows[-1].key
        return PageOfImages(found, key)

    async def _without_picture(self, rows: Sequence[ImageRow]) -> list[ImageRow]:
        """Return those of the failed rows that show nothing and whose product shows nothing."""
        failed = [row for row in rows if row.shown is None and row.product_id is not None]
        products = sorted({(row.shop_no, row.product_id or "") for row in failed})
        if not products:
            return []
        flat = [value for product in products for value in product]
        # The derived table's text has the connection's collation; the column's own is kept by naming it.
        sql = _WITH_PICTURE.format(values=values_table(("s", "p"), len(products), p="CONVERT(%s USING utf8mb4) COLLATE utf8mb4_bin"))
        pictured = set(await self._database.rows(sql, flat))
        return [row for row in failed if (row.shop_no, row.product_id) not in pictured]
