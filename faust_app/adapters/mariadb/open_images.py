"""Reads images that have been in progress for long, and rescue counts: by index, in short statements."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.core.images.row import ImageRow

PAGE_OF_OPEN: Final = f"""
SELECT {COLUMNS} FROM image FORCE INDEX (by_open_since)
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
_PAGE: Final = 50_000
_LAST_NUMBER: Final = 2**63 - 1


class MariaOpenImages:
    """Implements `flows.ports.images.OpenImages` on MariaDB or MySQL."""

    def __init__(self, database: Database, page: int = _PAGE) -> None:
        self._database = database
        self._page = page

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        start: tuple[Any, ...] = (datetime.min, 0, b"")  # noqa: DTZ901 - UTC without a zone, like the database's times
        if after is not None and after.open_since is not None:
            start = (after.open_since, *after.key)
        since, shop_no, image_id = start
        parameters = (since, before, since, shop_no, shop_no, image_id, limit)
        return [image_row(values) for values in await self._database.rows(PAGE_OF_OPEN, parameters)]

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        found, end = Counter[int](), _LAST_NUMBER
        while newest := await self._database.rows(NEWEST_OF, (end,)):
            ((number, at),) = newest
            if at <= since - _LONGEST_TRANSACTION:
                break
            end = number - self._page
            found.update(dict(await self._database.rows(PAGE_OF_RESCUES, (end, number, since))))
        return dict(found)
