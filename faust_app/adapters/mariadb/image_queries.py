"""Rows asked for in other ways than by their key: by folder, by age, by state."""

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.adapters.mariadb.image_writes import groups
from faust_app.core.images.objects import FOLDER_DIGITS, Folder, folder
from faust_app.core.images.row import ImageRow, ImageState

_IN_FOLDERS: Final = f"SELECT {ROW} FROM image FORCE INDEX (by_folder) WHERE shop_no = %s AND folder IN ({{marks}}) AND version > 0"  # noqa: S608
_INDEXED_DIGITS: Final = 8
"""Digits of a folder's name in the column `folder`, as a number; what two folders share there is told apart by the name."""
_PAGE_OF_SHOP: Final = f"SELECT {ROW} FROM image WHERE shop_no = %s AND image_id > %s AND version > 0 ORDER BY image_id LIMIT %s"  # noqa: S608
_ROWS_OF_SHOP: Final = 1000
_NAME: Final = re.compile(f"[0-9a-f]{{{FOLDER_DIGITS}}}", re.ASCII)


class MariaImageFolders:
    """Implements `flows.ports.images.ImageFolders` on MariaDB or MySQL."""

    def __init__(self, database: Database, page: int = _ROWS_OF_SHOP) -> None:
        self._database = database
        self._page = page

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        of_shops: defaultdict[int, list[str]] = defaultdict(list)
        wanted = {(shop_no, digits) for shop_no, digits in folders if _NAME.fullmatch(digits)}
        for shop_no, digits in wanted:
            of_shops[shop_no].append(digits)
        found: dict[Folder, ImageRow] = {}
        for shop_no, digits_of_shop in of_shops.items():
            for group in groups(digits_of_shop):
                sql = _IN_FOLDERS.format(marks=",".join(["%s"] * len(group)))
                numbers = [int(digits[:_INDEXED_DIGITS], 16) for digits in group]
                rows = image_rows(await self._database.rows(sql, (shop_no, *numbers)))
                found |= {name: row for row in rows if (name := folder(row)) in wanted}
        return found

    async def shops(self) -> list[int]:
        return [shop_no for (shop_no,) in await self._database.rows("SELECT DISTINCT shop_no FROM image ORDER BY shop_no")]

    async def pages(self, shop_no: int) -> AsyncIterator[list[ImageRow]]:
        after = b""
        while rows := image_rows(await self._database.rows(_PAGE_OF_SHOP, (shop_no, after, self._page))):
            yield rows
            after = rows[-1].image_id


_OUTCOMES: Final = (
    "SELECT image_id, version, outcome FROM image_history WHERE shop_no = %s AND image_id BETWEEN %s AND %s ORDER BY image_id, id"
)


class MariaImageHistory:
    """Implements `flows.ports.images.ImageHistory` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def outcomes(self, shop_no: int, first: bytes, last: bytes) -> dict[bytes, list[tuple[int, str]]]:
        found: defaultdict[bytes, list[tuple[int, str]]] = defaultdict(list)
        for image_id, version, outcome in await self._database.rows(_OUTCOMES, (shop_no, first, last)):
            found[image_id].append((version, outcome))
        return found


PAGE_OF_OPEN: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_open_since)
WHERE open_since >= %s AND open_since < %s AND state = 'IN_PROGRESS'
    AND (open_since > %s OR shop_no > %s OR (shop_no = %s AND image_id > %s))
ORDER BY open_since, shop_no, image_id LIMIT %s
"""  # noqa: S608 - our own columns
# The history has no index on outcomes: it would cost every settle, and this query runs once a day. Ids rise with time, so a
# day is a range of ids, read backwards from the newest.
PAGE_OF_RESCUES: Final = """
SELECT shop_no, COUNT(*) FROM image_history WHERE id > %s AND id <= %s AND at > %s AND outcome = 'rescued' GROUP BY shop_no
"""
NEWEST_OF: Final = "SELECT id, at FROM image_history WHERE id <= %s ORDER BY id DESC LIMIT 1"

_LONGEST_TRANSACTION: Final = timedelta(minutes=10)
"""An id is assigned at the insert, `at` when the transaction begins: the two orders differ by no more than this."""
_PAGE_NUMBERS: Final = 50_000
_LAST_NUMBER: Final = 2**63 - 1


class MariaOpenImages:
    """Implements `flows.ports.images.OpenImages` on MariaDB or MySQL."""

    def __init__(self, database: Database, page: int = _PAGE_NUMBERS) -> None:
        self._database = database
        self._page = page

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        start: tuple[Any, ...] = (datetime.min, 0, b"")  # noqa: DTZ901 - UTC without a zone, like the database's times
        if after is not None and after.open_since is not None:
            start = (after.open_since, *after.key)
        since, shop_no, image_id = start
        parameters = (since, before, since, shop_no, shop_no, image_id, limit)
        return image_rows(await self._database.rows(PAGE_OF_OPEN, parameters))

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        found, end = Counter[int](), _LAST_NUMBER
        while newest := await self._database.rows(NEWEST_OF, (end,)):
            ((number, at),) = newest
            if at <= since - _LONGEST_TRANSACTION:
                break
            end = number - self._page
            found.update(dict(await self._database.rows(PAGE_OF_RESCUES, (end, number, since))))
        return dict(found)


@dataclass(frozen=True, slots=True)
class StateCount:
    """The number of images in one state, and their stored bytes."""

    state: ImageState
    images: int
    bytes: int


class MariaImageCounts:
    """Counts rows of `image`. Raises Unavailable when the database is unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_state(self, shop_no: int | None = None) -> list[StateCount]:
        """Return the counts by state, of all images or of one shop's."""
        where, parameters = ("TRUE", ()) if shop_no is None else ("shop_no = %s", (shop_no,))
        sql = f"SELECT state, COUNT(*), COALESCE(SUM(bytes), 0) FROM image WHERE {where} GROUP BY state"  # noqa: S608 - our own text
        return [StateCount(ImageState(state), images, int(size)) for state, images, size in await self._database.rows(sql, parameters)]

    async def due(self, shop_no: int | None = None) -> tuple[int, datetime | None]:
        """Return how many images are due, and since when the oldest unfinished one has been in progress (UTC), of all shops or one."""
        of_shop, parameters = ("", ()) if shop_no is None else (" AND shop_no = %s", (shop_no,))
        sql = (
            f"SELECT (SELECT COUNT(*) FROM image WHERE scheduled_at <= UTC_TIMESTAMP(6){of_shop}),"  # noqa: S608 - our own text
            f" (SELECT MIN(open_since) FROM image WHERE open_since IS NOT NULL{of_shop})"
        )
        ((count, oldest),) = await self._database.rows(sql, (*parameters, *parameters))
        return count, oldest
