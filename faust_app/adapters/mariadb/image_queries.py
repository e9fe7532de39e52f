"""Finds rows by the folder of their objects, whose name holds a hash of the image id instead of the id."""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.adapters.mariadb.image_writes import groups
from faust_app.core.images.row import FOLDER_DIGITS, Folder, ImageRow, folder

_IN_FOLDERS: Final = (
    f"SELECT {COLUMNS} FROM image WHERE shop_no = %s AND version > 0 AND LEFT(SHA2(image_id, 256), {FOLDER_DIGITS}) IN ({{marks}})"  # noqa: S608
)
_PAGE: Final = f"SELECT {COLUMNS} FROM image WHERE shop_no = %s AND image_id > %s AND version > 0 ORDER BY image_id LIMIT %s"  # noqa: S608


class MariaImageFolders:
    """Implements `flows.ports.images.ImageFolders` on MariaDB or MySQL.

    A folder is found by hashing every id of its shop, about a millisecond per thousand: an index would cost every intake.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        of_shops: defaultdict[int, list[str]] = defaultdict(list)
        for shop_no, digits in folders:
            of_shops[shop_no].append(digits)
        found: dict[Folder, ImageRow] = {}
        for shop_no, digits_of_shop in of_shops.items():
            for group in groups(digits_of_shop):
                sql = _IN_FOLDERS.format(marks=",".join(["%s"] * len(group)))
                rows = map(image_row, await self._database.rows(sql, (shop_no, *group)))
                found |= {folder(row): row for row in rows}
        return found

    async def shops(self) -> list[int]:
        return [shop_no for (shop_no,) in await self._database.rows("SELECT DISTINCT shop_no FROM image ORDER BY shop_no")]

    async def page(self, shop_no: int, after: bytes, limit: int) -> list[ImageRow]:
        return [image_row(values) for values in await self._database.rows(_PAGE, (shop_no, after, limit))]
