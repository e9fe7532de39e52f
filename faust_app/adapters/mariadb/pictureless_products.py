"""Products of which no picture is shown, found from their failed images."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.core.images.row import ImageKey
from faust_app.flows.ports.monitoring import PageOfImages

_SCANNED: Final = 20_000
"""Failed images read for a page: where few of them match, the page is short, and the next one goes on from there."""
_SHOWS_NOTHING: Final = """
image.object_key IS NULL AND image.product_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM image other FORCE INDEX (by_product)
    WHERE other.shop_no = image.shop_no AND other.product_id = image.product_id AND other.object_key IS NOT NULL)
"""
_COUNT: Final = f"""
SELECT COUNT(DISTINCT shop_no, product_id) FROM image FORCE INDEX (by_state) WHERE state = 'FAILED' AND {_SHOWS_NOTHING}
"""  # noqa: S608 - our own words
# The index by state holds the key behind the shop, and is read in its order.
_SCAN: Final = """
SELECT shop_no, image_id FROM image FORCE INDEX (by_state)
WHERE state = 'FAILED' AND shop_no >= %s AND (shop_no > %s OR image_id > %s) ORDER BY shop_no, image_id
"""
_LIST: Final = f"""
SELECT {", ".join(f"image.{name.strip()}" for name in COLUMNS.split(","))} FROM ({_SCAN} LIMIT {_SCANNED}) scanned
STRAIGHT_JOIN image ON image.shop_no = scanned.shop_no AND image.image_id = scanned.image_id
WHERE {_SHOWS_NOTHING} ORDER BY image.shop_no, image.image_id LIMIT %s
"""  # noqa: S608 - our own columns
_LAST_SCANNED: Final = f"{_SCAN} LIMIT 1 OFFSET {_SCANNED - 1}"


class MariaPicturelessProducts:
    """Implements `flows.ports.monitoring.PicturelessProducts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> int:
        ((products,),) = await self._database.rows(_COUNT)
        return int(products)

    async def images(self, after: ImageKey | None, limit: int) -> PageOfImages:
        shop_no, image_id = after or (0, b"")
        start = (shop_no, shop_no, image_id)
        rows = [image_row(values) for values in await self._database.rows(_LIST, (*start, limit))]
        if len(rows) == limit:
            return PageOfImages(rows, rows[-1].key)
        last = await self._database.rows(_LAST_SCANNED, start)
        return PageOfImages(rows, (last[0][0], last[0][1]) if last else None)
