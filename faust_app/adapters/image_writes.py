"""What was decided about locked rows, as statements: many rows each, and each guarded by what was decided on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from faust_app.adapters.alert_rows import count_occurrences
from faust_app.adapters.database import Session
from faust_app.core.changes import Changes, Waiting
from faust_app.core.image import ImageRow
from faust_app.core.outcome import SUPERSEDED, Garbage, HistoryEntry

T = TypeVar("T")

GROUP: Final = 500
"""Keys a statement at most. They are always joined as a table: a list of pairs behind IN costs MariaDB time that grows with
its square, and from some hundreds on it reads every row."""

_WRITE_ACCEPTED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.version = x.v, image.op = x.op, image.state = 'IN_PROGRESS', image.source_url = x.url,
    image.source_host = x.host, image.product_id = x.product, image.external_version = x.ev,
    image.correlation_id = x.cid, image.requested_at = x.requested, image.wake_at = x.wake, image.wake_reason = x.reason,
    image.open_since = x.open, image.attempt = 0, image.rescues = 0, image.error_code = NULL,
    image.error_detail = NULL, image.fingerprint = NULL, image.topic = NULL, image.`partition` = NULL,
    image.`offset` = NULL, image.deleted_at = NULL, image.updated_at = %s
WHERE image.version < x.v
"""
_ACCEPTED_FIELDS: Final = ("s", "i", "v", "op", "url", "host", "product", "ev", "cid", "requested", "wake", "reason", "open")

_WRITE_FINISHED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.state = x.state, image.error_code = x.code, image.error_detail = x.detail, image.fingerprint = x.fp,
    image.wake_at = NULL, image.wake_reason = NULL, image.open_since = NULL, image.topic = NULL,
    image.`partition` = NULL, image.`offset` = NULL, image.shown_version = x.sv,
    image.object_key = x.okey, image.shown_url = x.url, image.sha256 = x.sha, image.bytes = x.size,
    image.content_type = x.type, image.width = x.w, image.height = x.h, image.source_etag = x.etag,
    image.source_modified = x.modified, image.deleted_at = IF(x.state = 'DELETED', %s, NULL), image.updated_at = %s
WHERE image.version = x.v AND image.state = 'IN_PROGRESS'
"""
_FINISHED_FIELDS: Final = (
    "s", "i", "v", "state", "code", "detail", "fp", "sv", "okey", "url", "sha", "size", "type", "w", "h", "etag", "modified",
)  # fmt: skip

_WRITE_WAITING: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.attempt = x.attempt, image.rescues = x.rescues, image.wake_at = x.wake, image.wake_reason = x.reason, image.error_code = x.code,
    image.error_detail = x.detail, image.fingerprint = x.fp, image.topic = NULL, image.`partition` = NULL,
    image.`offset` = NULL, image.updated_at = %s
WHERE image.version = x.v AND image.state = 'IN_PROGRESS' AND image.attempt = x.guard
"""
_WAITING_FIELDS: Final = ("s", "i", "v", "guard", "attempt", "rescues", "wake", "reason", "code", "detail", "fp")


_WRITE_HIDDEN: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.object_key = NULL, image.shown_url = NULL, image.sha256 = NULL, image.bytes = NULL, image.content_type = NULL,
    image.width = NULL, image.height = NULL, image.source_etag = NULL, image.source_modified = NULL, image.updated_at = %s
WHERE image.version = x.v AND image.state = 'IN_PROGRESS'
"""


# Two requests at once lock the row one after the other, but a record that waited in its topic may be older.
_WRITE_REPEATED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.s AND image.image_id = x.i SET
    image.requested_at = GREATEST(image.requested_at, x.requested), image.correlation_id = x.cid
WHERE image.version = x.v
"""


async def write(session: Session, changes: Changes, now: datetime) -> None:
    """Write the changes inside the caller's transaction."""
    await _write_accepted(session, changes.accepted, now)
    for repeated in groups(changes.repeated):
        flat = [value for row in repeated for value in (*row.key, row.version, row.requested_at, row.correlation_id)]
        fields = values_table(("s", "i", "v", "requested", "cid"), len(repeated), requested="TIMESTAMP%s")
        await session.change(_WRITE_REPEATED.format(values=fields), flat)
    for hidden in groups(changes.hidden):
        flat = [value for row in hidden for value in (*row.key, row.version)]
        await session.change(_WRITE_HIDDEN.format(values=values_table(("s", "i", "v"), len(hidden))), [*flat, now])
    for finished in groups(changes.finished):
        flat = [value for row in finished for value in _finished_values(row)]
        await session.change(_WRITE_FINISHED.format(values=values_table(_FINISHED_FIELDS, len(finished))), [*flat, now, now])
    await _write_accepted(session, changes.again, now)
    for waiting in groups(changes.waiting):
        flat = [value for item in waiting for value in _waiting_values(item)]
        await session.change(_WRITE_WAITING.format(values=values_table(_WAITING_FIELDS, len(waiting), wake="TIMESTAMP%s")), [*flat, now])
    await _add_history(session, changes.history)
    await add_garbage(session, changes.garbage)
    if changes.offset is not None:
        sql = "UPDATE intake_offset SET next_offset = %s, appended_at = %s, updated_at = %s WHERE topic = %s AND `partition` = %s"
        offset = changes.offset
        await session.change(sql, (offset.next_offset, offset.appended_at, now, offset.topic, offset.partition))
    await count_occurrences(session, changes.occurrences, now)  # last: all failures of one cause share the alert's lock


async def _write_accepted(session: Session, rows: Sequence[ImageRow], now: datetime) -> None:
    for accepted in groups(rows):
        flat = [value for row in accepted for value in _accepted_values(row)]
        await session.change(_WRITE_ACCEPTED.format(values=values_table(_ACCEPTED_FIELDS, len(accepted))), [*flat, now])


_ADD_SUPERSEDED: Final = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome)
SELECT %s, x.s, x.i, x.v, 'superseded' FROM ({values}) x WHERE NOT EXISTS (
    SELECT 1 FROM image_history h WHERE h.shop_no = x.s AND h.image_id = x.i AND h.version = x.v AND h.outcome = 'superseded')
"""


async def _add_superseded(session: Session, entries: Sequence[HistoryEntry]) -> None:
    """Add that a version outlived older requests, once for each version, however many they were."""
    for group in groups(entries):
        flat = [value for entry in group for value in (*entry.key, entry.version)]
        await session.change(_ADD_SUPERSEDED.format(values=values_table(("s", "i", "v"), len(group))), [group[0].at, *flat])


async def _add_history(session: Session, entries: Sequence[HistoryEntry]) -> None:
    await _add_superseded(session, [entry for entry in entries if entry.outcome == SUPERSEDED])
    entries = [entry for entry in entries if entry.outcome != SUPERSEDED]
    if entries:
        marks = ",".join(["(%s,%s,%s,%s,%s,%s,%s,%s)"] * len(entries))
        flat: list[Any] = []
        for entry in entries:
            flat += (entry.at, *entry.key, entry.version, entry.outcome, entry.code, _cut(entry.detail), entry.size)
        sql = f"INSERT INTO image_history (at, shop_no, image_id, version, outcome, code, detail, bytes) VALUES {marks}"  # noqa: S608
        await session.change(sql, flat)


async def add_garbage(session: Session, entries: Sequence[Garbage]) -> None:
    """List garbage inside the caller's transaction."""
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


def _waiting_values(item: Waiting) -> tuple[Any, ...]:
    row = item.row
    reason = row.wake_reason.value if row.wake_reason else None
    head = (*row.key, row.version, item.attempt, row.attempt, row.rescues, row.wake_at, reason)
    return (*head, row.error_code, _cut(row.error_detail), row.fingerprint)


def values_table(fields: Sequence[str], count: int, **forms: str) -> str:
    """Return a table of `count` rows of parameters as SQL; it joins by primary key and reports exact changes."""
    first = "SELECT " + ", ".join(f"{forms.get(field, '%s')} AS {field}" for field in fields)
    rest = " UNION ALL SELECT " + ",".join(forms.get(field, "%s") for field in fields)
    return first + rest * (count - 1)


def groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut the items into statements of at most GROUP."""
    for start in range(0, len(items), GROUP):
        yield items[start : start + GROUP]


def _cut(detail: str | None) -> str | None:
    return None if detail is None else detail[:500]
