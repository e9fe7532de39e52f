"""The rows of the images: one guarded statement for many rows, always locked in key order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from faust_app.adapters.alert_rows import count_occurrences
from faust_app.adapters.database import Database, Session
from faust_app.adapters.image_columns import COLUMNS, image_row
from faust_app.core.changes import Changes, Decide, IntakeOffset, Locked
from faust_app.core.image import ImageKey, ImageRow, Position
from faust_app.core.outcome import Garbage, HistoryEntry

R = TypeVar("R")
T = TypeVar("T")

GROUP: Final = 500
"""Keys a statement at most: beyond it MariaDB stops using the primary key for a list of pairs."""

_WRITE_ACCEPTED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.version = x.v, image.op = x.op, image.state = 'IN_PROGRESS', image.source_url = x.url,
    image.source_host = x.host, image.product_id = x.product, image.external_version = x.ev,
    image.correlation_id = x.cid, image.requested_at = x.requested, image.wake_at = x.wake, image.wake_reason = x.reason,
    image.open_since = x.open, image.attempt = 0, image.rescues = 0, image.error_code = NULL,
    image.error_detail = NULL, image.fingerprint = NULL, image.topic = NULL, image.`partition` = NULL,
    image.`offset` = NULL, image.updated_at = %s
WHERE image.version < x.v
"""
_ACCEPTED_FIELDS: Final = ("s", "i", "v", "op", "url", "host", "product", "ev", "cid", "requested", "wake", "reason", "open")

_WRITE_FINISHED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.state = x.state, image.error_code = x.code, image.error_detail = x.detail, image.fingerprint = x.fp,
    image.wake_at = NULL, image.wake_reason = NULL, image.open_since = NULL, image.shown_version = x.sv,
    image.object_key = x.okey, image.shown_url = x.url, image.sha256 = x.sha, image.bytes = x.size,
    image.content_type = x.type, image.width = x.w, image.height = x.h, image.source_etag = x.etag,
    image.source_modified = x.modified, image.updated_at = %s
WHERE image.version = x.v AND image.state = 'IN_PROGRESS'
"""
_FINISHED_FIELDS: Final = (
    "s", "i", "v", "state", "code", "detail", "fp", "sv", "okey", "url", "sha", "size", "type", "w", "h", "etag", "modified",
)  # fmt: skip

_WRITE_PUBLISHED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.topic = x.topic, image.`partition` = x.part, image.`offset` = x.off, image.wake_at = NULL,
    image.wake_reason = NULL, image.updated_at = UTC_TIMESTAMP(6)
WHERE image.version = x.v AND image.state = 'IN_PROGRESS' AND image.wake_at = x.lease
"""


class MariaImageRepository:
    """Implements `flows.ports.ImageRepository` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        """Return the rows there are, as last committed."""
        found: dict[ImageKey, ImageRow] = {}
        for group in _groups(sorted(set(keys))):
            found |= _by_key(await self._database.rows(_select(group), _flat(group)))
        return found

    async def change(
        self, keys: Sequence[ImageKey], decide: Decide[R], *, create: bool = False, offset_of: tuple[str, int] | None = None
    ) -> R:
        """Lock the rows in key order, ask `decide`, write what it says, and return its result after COMMIT.

        With `create`, `decide` sees a row of version 0 for each key without one; those it leaves are not kept. With
        `offset_of` (topic, partition) the reader's offset is locked first.
        """

        async def unit(session: Session) -> R:
            offset = None if offset_of is None else await _lock_offset(session, *offset_of)
            rows = await _lock(session, keys, create=create)
            ((now,),) = await session.rows("SELECT UTC_TIMESTAMP(6)")
            changes, result = decide(Locked(rows, now, offset))
            await _write(session, changes, now)
            if create:
                await _drop_placeholders(session, rows, changes)
            return result

        return await self._database.run(unit)

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        """Write the position of rows whose lease is still the one they were published under; return how many were."""
        written = 0
        for group in _groups(sorted(published, key=lambda item: item[0].key)):
            sql = _WRITE_PUBLISHED.format(values=_values(("s", "i", "v", "lease", "topic", "part", "off"), len(group), lease="TIMESTAMP%s"))
            flat: list[Any] = []
            for row, position in group:
                flat += (*row.key, row.version, row.wake_at, position.topic, position.partition, position.offset)
            written += await self._database.change(sql, flat)
        return written

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        """Take up to `limit` rows whose time has come and give the caller so long to publish them; rivals get others."""

        async def unit(session: Session) -> list[ImageRow]:
            ((now,),) = await session.rows("SELECT UTC_TIMESTAMP(6)")
            rows = [image_row(values) for values in await session.rows(_SELECT_DUE, (now, limit))]
            if rows:
                marks = ",".join(["(%s,%s)"] * len(rows))
                sql = f"UPDATE image SET wake_at = %s, updated_at = %s WHERE (shop_no, image_id) IN ({marks})"  # noqa: S608
                await session.change(sql, [now + lease, now, *_flat([row.key for row in rows])])
            return [_leased(row, now + lease) for row in rows]

        return await self._database.run(unit)

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        """Return the image's newest outcomes, newest first."""
        sql = (
            "SELECT at, version, outcome, code, detail, bytes FROM image_history"
            " WHERE shop_no = %s AND image_id = %s ORDER BY at DESC, id DESC LIMIT %s"
        )
        return [HistoryEntry(key, *values) for values in await self._database.rows(sql, (*key, limit))]

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        """Return how far the partition of `requests` is in the rows."""
        found = await self._database.rows(_SELECT_OFFSET, (topic, partition))
        return IntakeOffset(topic, partition, *found[0]) if found else None

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ((now,),) = await self._database.rows("SELECT UTC_TIMESTAMP(6)")
        return now  # type: ignore[no-any-return]


_SELECT_DUE: Final = (
    f"SELECT {COLUMNS} FROM image WHERE wake_at <= %s AND state = 'IN_PROGRESS' ORDER BY wake_at LIMIT %s FOR UPDATE SKIP LOCKED"  # noqa: S608
)
_SELECT_OFFSET: Final = "SELECT next_offset, appended_at FROM intake_offset WHERE topic = %s AND `partition` = %s"


async def _lock(session: Session, keys: Sequence[ImageKey], *, create: bool) -> dict[ImageKey, ImageRow]:
    """Lock existing rows; create placeholders for the rest and lock those.

    READ COMMITTED locks nothing for a row that does not exist: without the placeholders two intakes would give the same
    version to one new image.
    """
    found: dict[ImageKey, ImageRow] = {}
    for group in _groups(sorted(set(keys))):
        found |= _by_key(await session.rows(_select(group) + " FOR UPDATE", _flat(group)))
        missing = [key for key in group if key not in found]
        if create and missing:
            marks = ",".join(["(%s,%s,0,'register',UTC_TIMESTAMP(6),'IN_PROGRESS',UTC_TIMESTAMP(6))"] * len(missing))
            sql = f"INSERT INTO image (shop_no, image_id, version, op, requested_at, state, updated_at) VALUES {marks}"  # noqa: S608
            await session.change(sql + " ON DUPLICATE KEY UPDATE version = version", _flat(missing))
            found |= _by_key(await session.rows(_select(missing) + " FOR UPDATE", _flat(missing)))
    return found


async def _lock_offset(session: Session, topic: str, partition: int) -> IntakeOffset:
    insert = "INSERT INTO intake_offset (topic, `partition`, next_offset, updated_at) VALUES (%s, %s, 0, UTC_TIMESTAMP(6))"
    await session.change(insert + " ON DUPLICATE KEY UPDATE next_offset = next_offset", (topic, partition))
    ((next_offset, appended_at),) = await session.rows(_SELECT_OFFSET + " FOR UPDATE", (topic, partition))
    return IntakeOffset(topic, partition, next_offset, appended_at)


async def _write(session: Session, changes: Changes, now: datetime) -> None:
    for accepted in _groups(changes.accepted):
        flat = [value for row in accepted for value in _accepted_values(row)]
        await session.change(_WRITE_ACCEPTED.format(values=_values(_ACCEPTED_FIELDS, len(accepted))), [*flat, now])
    for finished in _groups(changes.finished):
        flat = [value for row in finished for value in _finished_values(row)]
        await session.change(_WRITE_FINISHED.format(values=_values(_FINISHED_FIELDS, len(finished))), [*flat, now])
    await _add_history(session, changes.history)
    await _add_garbage(session, changes.garbage)
    if changes.offset is not None:
        sql = "UPDATE intake_offset SET next_offset = %s, appended_at = %s, updated_at = %s WHERE topic = %s AND `partition` = %s"
        offset = changes.offset
        await session.change(sql, (offset.next_offset, offset.appended_at, now, offset.topic, offset.partition))
    await count_occurrences(session, changes.occurrences, now)  # last: all failures of one cause share the alert's lock


async def _drop_placeholders(session: Session, rows: Mapping[ImageKey, ImageRow], changes: Changes) -> None:
    left = {key for key, row in rows.items() if row.version == 0} - {row.key for row in changes.accepted}
    for group in _groups(sorted(left)):
        marks = ",".join(["(%s,%s)"] * len(group))
        await session.change(f"DELETE FROM image WHERE (shop_no, image_id) IN ({marks}) AND version = 0", _flat(group))  # noqa: S608


async def _add_history(session: Session, entries: Sequence[HistoryEntry]) -> None:
    if entries:
        marks = ",".join(["(%s,%s,%s,%s,%s,%s,%s,%s)"] * len(entries))
        flat: list[Any] = []
        for entry in entries:
            flat += (entry.at, *entry.key, entry.version, entry.outcome, entry.code, _cut(entry.detail), entry.size)
        sql = f"INSERT INTO image_history (at, shop_no, image_id, version, outcome, code, detail, bytes) VALUES {marks}"  # noqa: S608
        await session.change(sql, flat)


async def _add_garbage(session: Session, entries: Sequence[Garbage]) -> None:
    if entries:
        marks = ",".join(["(%s,%s,%s,%s)"] * len(entries))
        flat = [value for entry in entries for value in (*entry.key, entry.target, entry.due_at)]
        await session.change(f"INSERT INTO garbage (shop_no, image_id, target, due_at) VALUES {marks}", flat)  # noqa: S608


def _accepted_values(row: ImageRow) -> tuple[Any, ...]:
    return (
        row.shop_no, row.image_id, row.version, row.op.value, row.source_url, row.source_host, row.product_id, row.external_version,
        row.correlation_id, row.requested_at, row.wake_at, row.wake_reason.value if row.wake_reason else None, row.open_since,
    )  # fmt: skip


def _finished_values(row: ImageRow) -> tuple[Any, ...]:
    head = (row.shop_no, row.image_id, row.version, row.state.value, row.error_code, _cut(row.error_detail), row.fingerprint)
    shown = row.shown
    if shown is None:
        return (*head, row.shown_version, *(None,) * 9)
    return (
        *head, row.shown_version, shown.object_key, shown.url, shown.sha256, shown.size, shown.content_type, shown.width,
        shown.height, shown.validators.etag, shown.validators.modified,
    )  # fmt: skip


def _values(fields: Sequence[str], count: int, **forms: str) -> str:
    """Return a table of `count` rows of parameters as SQL; it joins by primary key and reports exact changes."""
    first = "SELECT " + ", ".join(f"{forms.get(field, '%s')} AS {field}" for field in fields)
    rest = " UNION ALL SELECT " + ",".join(forms.get(field, "%s") for field in fields)
    return first + rest * (count - 1)


def _select(keys: Sequence[ImageKey]) -> str:
    marks = ",".join(["(%s,%s)"] * len(keys))
    return f"SELECT {COLUMNS} FROM image WHERE (shop_no, image_id) IN ({marks}) ORDER BY shop_no, image_id"  # noqa: S608


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), GROUP):
        yield items[start : start + GROUP]


def _flat(keys: Sequence[ImageKey]) -> list[Any]:
    return [part for key in keys for part in key]


def _by_key(values: Sequence[tuple[Any, ...]]) -> dict[ImageKey, ImageRow]:
    return {row.key: row for row in map(image_row, values)}


def _leased(row: ImageRow, until: datetime) -> ImageRow:
    return replace(row, wake_at=until)


def _cut(detail: str | None) -> str | None:
    return None if detail is None else detail[:500]
