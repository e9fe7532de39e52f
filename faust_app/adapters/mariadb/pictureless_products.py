"""Products of which no picture is shown, found from their failed images."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.core.images.row import ImageKey, ImageRow

_FAILED: Final = """
FROM image FORCE INDEX (by_state) WHERE state = 'FAILED' AND object_key IS NULL AND product_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM image other FORCE INDEX (by_product)
    WHERE other.shop_no = image.shop_no AND other.product_id = image.product_id AND other.object_key IS NOT NULL)
"""
# The index by state holds the key behind the shop: the list is read in its order, and ends at its limit.
_LIST: Final = f"""
SELECT {COLUMNS} {_FAILED} AND shop_no >= %s AND (shop_no > %s OR image_id > %s) ORDER BY shop_no, image_id LIMIT %s
"""


class MariaPicturelessProducts:
    """Implements `flows.ports.monitoring.PicturelessProducts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> int:
        ((products,),) = await self._database.rows(f"SELECT COUNT(DISTINCT shop_no, product_id) {_FAILED}")
        return int(products)

    async def images(self, after: ImageKey | None, limit: int) -> list[ImageRow]:
        shop_no, image_id = after or (0, b"")
        rows = await self._database.rows(_LIST, (shop_no, shop_no, image_id, limit))
        return [image_row(values) for values in rows]
