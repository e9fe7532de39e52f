"""Images as people look for them: a shop's, by state or product, a page at a time; and by ids and addresses over all shops."""

from collections.abc import Sequence
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.adapters.mariadb.image_writes import groups, values_table
from faust_app.core.images.row import ImageKey, ImageRow, ImageState

_OF_SHOP: Final = f"""
SELECT {ROW} FROM image FORCE INDEX ({{index}})
WHERE shop_no = %s AND version > 0{{condition}} AND image_id > %s ORDER BY image_id LIMIT %s
"""  # noqa: S608 - our own columns
_NAMED: Final = (
    f"SELECT {ROW} FROM ({{values}}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i"  # noqa: S608 - as above
    " WHERE image.version > 0"
)
_COUNT: Final = "(SELECT %s, COUNT(*) FROM image FORCE INDEX (by_state) WHERE state = %s AND shop_no = %s)"
# The shops are read from one to the next in the primary key, then each is asked for the id: thousands of shops take some
# milliseconds, and no index of ids over all shops is needed.
_ANY_SHOP: Final = """
SELECT {columns} FROM (SELECT DISTINCT shop_no AS s FROM image) x
STRAIGHT_JOIN image FORCE INDEX ({index}) ON image.shop_no = x.s AND image.{column} = %s
WHERE image.version > 0 LIMIT %s
"""
_BY_URL: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_source) WHERE source_hash = CRC32(%s) AND source_url = %s AND version > 0 LIMIT %s
"""  # noqa: S608 - our own columns
_BY_CORRELATION: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_correlation) WHERE correlation_id = %s AND version > 0 LIMIT %s
"""  # noqa: S608 - as above


class MariaImageSearch:
    """Implements `flows.ports.images.ImageSearch` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_shop(self, shop_no: int, *, state: ImageState | None, product_id: str | None, after: bytes, limit: int) -> list[ImageRow]:
        if product_id is not None:
            index, condition, values = "by_product", " AND product_id = %s", [product_id]
            if state is not None:
                condition, values = f"{condition} AND state = %s", [product_id, state.value]
        elif state is not None:
            index, condition, values = "by_state", " AND state = %s", [state.value]
        else:
            index, condition, values = "PRIMARY", "", []
        sql = _OF_SHOP.format(index=index, condition=condition)
        return await self._rows(sql, (shop_no, *values, after, limit))

    async def named(self, shop_no: int, image_ids: Sequence[bytes]) -> list[ImageRow]:
        found: list[ImageRow] = []
        for group in groups(sorted(set(image_ids))):
            flat = [value for image_id in group for value in (shop_no, image_id)]
            found += await self._rows(_NAMED.format(values=values_table(("s", "i"), len(group))), flat)
        return found

    async def counts(self, shop_no: int) -> dict[ImageState, int]:
        union = " UNION ALL ".join([_COUNT] * len(ImageState))
        flat = [value for state in ImageState for value in (state.value, state.value, shop_no)]
        return {ImageState(state): count for state, count in await self._database.rows(union, flat) if count}

    async def by_image_id(self, image_id: bytes, limit: int) -> list[ImageRow]:
        return await self._rows(_ANY_SHOP.format(columns=ROW, index="PRIMARY", column="image_id"), (image_id, limit))

    async def by_label(self, label: str, limit: int) -> list[ImageRow]:
        found: dict[ImageKey, ImageRow] = {}
        for index, column in (("by_sku", "sku"), ("by_product_name", "product_name")):
            rows = await self._rows(_ANY_SHOP.format(columns=ROW, index=index, column=column), (label, limit))
            found |= {row.key: row for row in rows}
        return list(found.values())[:limit]

    async def shops_of_product(self, product_id: str, limit: int) -> list[int]:
        sql = _ANY_SHOP.format(columns="DISTINCT image.shop_no", index="by_product", column="product_id")
        return [shop_no for (shop_no,) in await self._database.rows(sql, (product_id, limit))]

    async def by_correlation_id(self, correlation_id: str, limit: int) -> list[ImageRow]:
        return await self._rows(_BY_CORRELATION, (correlation_id, limit))

    async def by_source_url(self, url: str, limit: int) -> list[ImageRow]:
        return await self._rows(_BY_URL, (url, url, limit))

    async def _rows(self, sql: str, parameters: Sequence[Any]) -> list[ImageRow]:
        return image_rows(await self._database.rows(sql, parameters))
