"""Reads, locks and writes image rows: one guarded statement for many rows, locked in key order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.adapters.mariadb.image_writes import NOBODY, Author, groups, values_table, write
from faust_app.adapters.mariadb.intake_offsets import intake_offset, lock_intake_offset
from faust_app.adapters.mariadb.rejections import add_rejections
from faust_app.core.images.changes import Changes, Decide, Locked
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, source_host
from faust_app.core.images.transitions.publish import leased
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.positions import IntakeOffset, Position

R = TypeVar("R")

# The lease in the guard: a worker that settled the row faster than its publisher wins.
_WRITE_PUBLISHED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.topic = x.topic, image.`partition` = x.part, image.`offset` = x.off, image.scheduled_at = NULL,
    image.schedule_reason = NULL, image.updated_at = UTC_TIMESTAMP(6)
WHERE image.version = x.v AND image.state = 'IN_PROGRESS' AND image.scheduled_at = x.lease
"""


class MariaImageRepository:
    """Implements `flows.ports.images.ImageRepository` on MariaDB or MySQL."""

    def __init__(self, database: Database, author: Author = NOBODY) -> None:
        self._database = database
        self._author = author

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        found: dict[ImageKey, ImageRow] = {}
        for group in groups(sorted(set(keys))):
            found |= _by_key(await self._database.rows(_select(group), _flat(group)))
        return found

    async def change(
        self,
        keys: Sequence[ImageKey],
        decide: Decide[R],
        *,
        create: bool = False,
        asked: Sequence[ImageRequest] = (),
        offset_of: tuple[str, int] | None = None,
    ) -> R:
        """Lock in the order that all transactions use: intake offset, rows by key, alerts (at the end of `write`)."""

        async def unit(session: Session) -> R:
            offset = None if offset_of is None else await lock_intake_offset(session, *offset_of)
            rows, now = await lock_rows(session, keys, create=create, asked=asked)
            changes, result = decide(Locked(rows, now, offset))
            add_rejections(session, changes.rejections, now)
            write(session, changes, now, self._author)
            if create:
                _drop_placeholders(session, rows, changes)
            return result

        return await self._database.run(unit)

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        written = 0
        for group in groups(sorted(published, key=lambda item: item[0].key)):
            sql = _WRITE_PUBLISHED.format(
                values=values_table(("s", "i", "v", "lease", "topic", "part", "off"), len(group), lease="TIMESTAMP%s")
            )
            flat: list[Any] = []
            for row, position in group:
                flat += (*row.key, row.version, row.scheduled_at, position.topic, position.partition, position.offset)
            written += await self._database.change(sql, flat)
        return written

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        """Commit the leases before the rows are returned: those of a publisher that dies fall due again."""

        async def unit(session: Session) -> list[ImageRow]:
            found, now = await session.rows_and_now(_SELECT_DUE, (limit,))
            rows = image_rows(found)
            for group in groups(rows):
                sql = _LEASE.format(values=values_table(("s", "i"), len(group)))
                session.enqueue(sql, [*_flat([row.key for row in group]), now + lease, now])
            return [leased(row, now + lease) for row in rows]

        return await self._database.run(unit)

    async def release_deferred(self, shop_no: int, host: str | None, limit: int) -> int:
        sql = _RELEASE.format(host="" if host is None else " AND source_host = %s")
        return await self._database.change(sql, [shop_no, *([] if host is None else [host]), limit])

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        sql = (
            "SELECT at, version, outcome, code, detail, bytes, judged_by, worker FROM image_history"
            " WHERE shop_no = %s AND image_id = %s ORDER BY at DESC, id DESC LIMIT %s"
        )
        return [HistoryEntry(key, *values) for values in await self._database.rows(sql, (*key, limit))]

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        return await intake_offset(self._database, topic, partition)


# SKIP LOCKED: concurrent publishers claim different rows instead of waiting for each other.
_SELECT_DUE: Final = (
    f"SELECT {ROW} FROM image WHERE scheduled_at <= UTC_TIMESTAMP(6) AND state = 'IN_PROGRESS'"  # noqa: S608 - our own columns
    " ORDER BY scheduled_at LIMIT %s FOR UPDATE SKIP LOCKED"
)
_LEASE: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.scheduled_at = %s,
    image.schedule_reason = IF(image.schedule_reason = 'deferred', 'dispatched', image.schedule_reason), image.updated_at = %s
"""
_RELEASE: Final = """
UPDATE image SET scheduled_at = UTC_TIMESTAMP(6), updated_at = UTC_TIMESTAMP(6)
WHERE shop_no = %s AND schedule_reason = 'deferred' AND scheduled_at > UTC_TIMESTAMP(6) AND state = 'IN_PROGRESS'{host}
ORDER BY scheduled_at LIMIT %s
"""
# STRAIGHT_JOIN keeps the derived table first, so that rows are read, and locked, in its order.
_SELECT: Final = f"SELECT {ROW} FROM ({{values}}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i"  # noqa: S608 - our own columns
_DROP: Final = "DELETE image FROM ({values}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i WHERE image.version = 0"


async def lock_rows(
    session: Session, keys: Sequence[ImageKey], *, create: bool = False, asked: Sequence[ImageRequest] = ()
) -> tuple[dict[ImageKey, ImageRow], datetime]:
    """Lock existing rows in key order; with `create`, create placeholders for the rest and lock those.

    Returns the rows, and the database's clock read after the last lock was granted.

    READ COMMITTED locks nothing for a row that does not exist: without the placeholders two intakes would give the same
    version to one new image. REPEATABLE READ would deadlock them. A placeholder has what its request in `asked` names, so
    that the update that follows leaves six keys of the table where they are.
    """
    named = {request.key: request for request in reversed(asked)}
    found: dict[ImageKey, ImageRow] = {}
    now = None
    for group in groups(sorted(set(keys))):
        locked, now = await session.rows_and_now(_select(group) + " FOR UPDATE", _flat(group))
        found |= _by_key(locked)
        missing = [key for key in group if key not in found]
        if create and missing:
            # Not INSERT IGNORE: it deadlocks far more often, and warns of every duplicate.
            sql = _ADD_PLACEHOLDERS.format(marks=",".join([_PLACEHOLDER] * len(missing)))
            session.enqueue(sql, [value for key in missing for value in (*key, *_named_by(named.get(key)))])
            locked, now = await session.rows_and_now(_select(missing) + " FOR UPDATE", _flat(missing))
            found |= _by_key(locked)
    return found, now or await session.now()


_PLACEHOLDER: Final = "(%s,%s,0,'register',UTC_TIMESTAMP(6),'IN_PROGRESS',UTC_TIMESTAMP(6),%s,%s,%s,%s,%s)"
_ADD_PLACEHOLDERS: Final = """
INSERT INTO image
    (shop_no, image_id, version, op, requested_at, state, updated_at, source_url, source_host, product_id, product_name, sku)
VALUES {marks} ON DUPLICATE KEY UPDATE version = version
"""


def _named_by(request: ImageRequest | None) -> tuple[str | None, ...]:
    if request is None or request.source_url is None:
        return (None,) * 5
    return request.source_url, source_host(request.source_url), request.product_id, request.product_name, request.sku


def _drop_placeholders(session: Session, rows: Mapping[ImageKey, ImageRow], changes: Changes) -> None:
    left = {key for key, row in rows.items() if row.version == 0} - {row.key for row in changes.accepted}
    for group in groups(sorted(left)):
        sql = _DROP.format(values=values_table(("s", "i"), len(group)))
        session.enqueue(sql, _flat(group))


def _select(keys: Sequence[ImageKey]) -> str:
    """Return the query that reads, and locks, the rows of sorted keys in that order."""
    return _SELECT.format(values=values_table(("s", "i"), len(keys)))


def _flat(keys: Sequence[ImageKey]) -> list[Any]:
    return [part for key in keys for part in key]


def _by_key(values: Sequence[tuple[Any, ...]]) -> dict[ImageKey, ImageRow]:
    return {row.key: row for row in image_rows(values)}
