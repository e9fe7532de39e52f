"""Writes decisions about locked rows: many rows a statement, each guarded by the values its decision was based on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from faust_app.adapters.mariadb.alert_counts import count_occurrences
from faust_app.adapters.mariadb.database import Session
from faust_app.adapters.mariadb.outcome_counts import count_outcomes
from faust_app.adapters.mariadb.result_outbox import add_results
from faust_app.core.foreign import one_line
from faust_app.core.images.changes import Changes, Scheduled
from faust_app.core.images.outcome import SUPERSEDED, Garbage, HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState, Origin

T = TypeVar("T")

MAX_KEYS: Final = 500
"""Most keys in one statement. Keys are joined as a derived table, never listed in IN: the time that MariaDB takes for a list of
pairs grows with its square, and from some hundreds on it reads every row."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes outcomes: the release of the process and, for a worker, its name."""

    release: str | None = None
    worker: str | None = None


NOBODY: Final = Author()
"""Of a command line's writes: it judges no image."""

Columns = Mapping[str, Callable[[T], Any]]
"""The parameters of one row of a statement: each column's name, and how to read its value from an item."""


def _update(columns: Mapping[str, object], fixed: str, guard: str, *, read_only: Sequence[str] = ()) -> str:
    """Return a guarded UPDATE of many rows, to be formatted with their `values`; it does not write the key and `read_only`."""
    written = [name for name in columns if name not in {"shop_no", "image_id", *read_only}]
    assignments = ", ".join(f"image.{name} = x.{name}" for name in written)
    return (
        "UPDATE image JOIN ({values}) x ON image.shop_no = x.shop_no AND image.image_id = x.image_id"  # noqa: S608 - our own columns
        f" SET {assignments}, {fixed}, image.updated_at = %s WHERE {guard}"
    )


def _detail(text: str | None) -> str | None:
    return None if text is None else one_line(text)


def _origin(origin: Origin) -> str | None:
    return None if origin is Origin.SHOP else origin.value


def _of_row(value_of: Callable[[ImageRow], Any]) -> Callable[[Scheduled], Any]:
    return lambda item: value_of(item.row)


def _validator(row: ImageRow, name: str) -> str | None:
    return None if row.shown is None else getattr(row.shown.validators, name)


def _of_shown(name: str) -> Callable[[ImageRow], Any]:
    return lambda row: None if row.shown is None else getattr(row.shown, name)


_KEY: Final[Columns[ImageRow]] = {
    "shop_no": lambda row: row.shop_no,
    "image_id": lambda row: row.image_id,
    "version": lambda row: row.version,
}
_ERROR: Final[Columns[ImageRow]] = {
    "error_code": lambda row: row.error_code,
    "error_detail": lambda row: _detail(row.error_detail),
    "fingerprint": lambda row: row.fingerprint,
}
_TIME: Final[Columns[ImageRow]] = {
    "scheduled_at": lambda row: row.scheduled_at,
    "schedule_reason": lambda row: row.schedule_reason.value if row.schedule_reason else None,
}
_NO_POSITION: Final = "image.topic = NULL, image.`partition` = NULL, image.`offset` = NULL"
_IN_PROGRESS: Final = "image.version = x.version AND image.state = 'IN_PROGRESS'"

_ACCEPTED: Final[Columns[ImageRow]] = {
    **_KEY,
    "op": lambda row: row.op.value,
    "source_url": lambda row: row.source_url,
    "source_host": lambda row: row.source_host,
    "product_id": lambda row: row.product_id,
    "product_name": lambda row: row.product_name,
    "sku": lambda row: row.sku,
    "external_version": lambda row: row.external_version,
    "correlation_id": lambda row: row.correlation_id,
    "requested_at": lambda row: row.requested_at,
    **_TIME,
    "open_since": lambda row: row.open_since,
    "origin": lambda row: _origin(row.origin),
    "refetched": lambda row: row.refetched,
    "republishes": lambda row: row.republishes,
}
_WRITE_ACCEPTED: Final = _update(
    _ACCEPTED,
    "image.state = 'IN_PROGRESS', image.attempt = 0, image.rescues = 0, image.error_code = NULL, image.error_detail = NULL,"
    f" image.fingerprint = NULL, image.deleted_at = NULL, {_NO_POSITION}",
    "image.version < x.version",
)
_FINISHED: Final[Columns[ImageRow]] = {
    **_KEY,
    "state": lambda row: row.state.value,
    **_ERROR,
    "shown_version": lambda row: row.shown_version,
    "object_key": _of_shown("object_key"),
    "shown_url": _of_shown("url"),
    "sha256": _of_shown("sha256"),
    "bytes": _of_shown("size"),
    "content_type": _of_shown("content_type"),
    "width": _of_shown("width"),
    "height": _of_shown("height"),
    "source_etag": lambda row: _validator(row, "etag"),
    "source_modified": lambda row: _validator(row, "modified"),
    "republishes": lambda row: row.republishes,
}
_RESTORED: Final[Columns[ImageRow]] = {**_FINISHED, "judged_by": lambda row: row.judged_by}
_NOTHING_LEFT: Final = (
    f"image.scheduled_at = NULL, image.schedule_reason = NULL, image.open_since = NULL, {_NO_POSITION},"
    " image.refetched = FALSE, image.deleted_at = IF(x.state = 'DELETED', %s, NULL)"
)
_WRITE_FINISHED: Final = _update(_FINISHED, f"image.judged_by = %s, {_NOTHING_LEFT}", _IN_PROGRESS, read_only=("version",))
_WRITE_RESTORED: Final = _update(_RESTORED, _NOTHING_LEFT, _IN_PROGRESS, read_only=("version",))
_SCHEDULED: Final[Columns[Scheduled]] = {
    **{name: _of_row(of) for name, of in {**_KEY, **_ERROR, **_TIME}.items()},
    "attempt": lambda item: item.row.attempt,
    "attempt_before": lambda item: item.attempt,
    "rescues": lambda item: item.row.rescues,
}
_WRITE_SCHEDULED: Final = _update(
    _SCHEDULED, _NO_POSITION, f"{_IN_PROGRESS} AND image.attempt = x.attempt_before", read_only=("version", "attempt_before")
)
_WRITE_HIDDEN: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.shop_no AND image.image_id = x.image_id SET
    image.object_key = NULL, image.shown_url = NULL, image.sha256 = NULL, image.bytes = NULL, image.content_type = NULL,
    image.width = NULL, image.height = NULL, image.source_etag = NULL, image.source_modified = NULL, image.updated_at = %s
WHERE image.version = x.version AND image.state = 'IN_PROGRESS'
"""


_REPEATED: Final[Columns[ImageRow]] = {
    **_KEY,
    "requested_at": lambda row: row.requested_at,
    "correlation_id": lambda row: row.correlation_id,
    "product_name": lambda row: row.product_name,
    "sku": lambda row: row.sku,
}
# Two requests at once lock the row one after the other, but a record that waited in its topic may be older.
_WRITE_REPEATED: Final = """
UPDATE image JOIN ({values}) x ON image.shop_no = x.shop_no AND image.image_id = x.image_id SET
    image.requested_at = GREATEST(image.requested_at, CAST(x.requested_at AS DATETIME(6))), image.correlation_id = x.correlation_id,
    image.product_name = x.product_name, image.sku = x.sku
WHERE image.version = x.version
"""


def write(session: Session, changes: Changes, now: datetime, author: Author) -> None:
    """Queue what writes the changes, inside the caller's transaction."""
    _write_rows(session, _WRITE_ACCEPTED, _ACCEPTED, changes.accepted, now)
    _write_rows(session, _WRITE_REPEATED, _REPEATED, changes.repeated)
    _write_rows(session, _WRITE_HIDDEN, _KEY, changes.hidden, now)
    _write_rows(session, _WRITE_FINISHED, _FINISHED, changes.finished, author.release, now, now)
    _write_rows(session, _WRITE_RESTORED, _RESTORED, changes.restored, now, now)
    _write_rows(session, _WRITE_ACCEPTED, _ACCEPTED, changes.again, now)
    _write_rows(session, _WRITE_SCHEDULED, _SCHEDULED, changes.scheduled, now)
    _add_history(session, changes.history, author)
    add_results(session, changes.results)
    add_garbage(session, changes.garbage)
    if changes.offset is not None:
        sql = "UPDATE intake_offset SET next_offset = %s, appended_at = %s, updated_at = %s WHERE topic = %s AND `partition` = %s"
        offset = changes.offset
        session.enqueue(sql, (offset.next_offset, offset.appended_at, now, offset.topic, offset.partition))
    if author.release is not None:
        ended = sum(row.state is not ImageState.DELETED for row in changes.finished)
        count_outcomes(session, ended, changes.occurrences, release=author.release, worker=author.worker, now=now)
    count_occurrences(session, changes.occurrences, now)  # last, and so locked shortest: all failures of one cause share a row


def _write_rows(session: Session, statement: str, columns: Columns[T], items: Sequence[T], *rest: object) -> None:
    for group in groups(items):
        flat = [value_of(item) for item in group for value_of in columns.values()]
        session.enqueue(statement.format(values=values_table(tuple(columns), len(group))), [*flat, *rest])


_ADD_SUPERSEDED: Final = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome)
SELECT %s, x.shop_no, x.image_id, x.version, 'superseded' FROM ({values}) x WHERE NOT EXISTS (
    SELECT 1 FROM image_history h
    WHERE h.shop_no = x.shop_no AND h.image_id = x.image_id AND h.version = x.version AND h.outcome = 'superseded')
"""


_HISTORY: Final = (
    "at", "shop_no", "image_id", "version", "outcome", "code", "detail", "bytes", "counts_as", "origin", "fault", "bytes_change", "took_ms",
)  # fmt: skip


def _history_values(entry: HistoryEntry) -> tuple[Any, ...]:
    """Return the values of _HISTORY."""
    line = (entry.at, *entry.key, entry.version, entry.outcome, entry.code, _detail(entry.detail), entry.size)
    counted = entry.counted
    return (*line, None, None, None, 0, None) if counted is None else (*line, *counted.values)


_ADD_HISTORY: Final = f"INSERT INTO image_history ({', '.join(_HISTORY)}, judged_by, worker) VALUES "  # noqa: S608 - our own columns
_HISTORY_MARK: Final = f"({','.join(['%s'] * (len(_HISTORY) + 2))})"


def _add_superseded(session: Session, entries: Sequence[HistoryEntry]) -> None:
    """Add that a version outlived older requests, once for each version, however many they were."""
    for group in groups(entries):
        flat = [value for entry in group for value in (*entry.key, entry.version)]
        session.enqueue(_ADD_SUPERSEDED.format(values=values_table(("shop_no", "image_id", "version"), len(group))), [group[0].at, *flat])


def _add_history(session: Session, entries: Sequence[HistoryEntry], author: Author) -> None:
    _add_superseded(session, [entry for entry in entries if entry.outcome == SUPERSEDED])
    entries = [entry for entry in entries if entry.outcome != SUPERSEDED]
    if entries:
        marks = ",".join([_HISTORY_MARK] * len(entries))
        flat: list[Any] = []
        for entry in entries:
            flat += (*_history_values(entry), author.release, author.worker)
        session.enqueue(_ADD_HISTORY + marks, flat)


def add_garbage(session: Session, entries: Sequence[Garbage]) -> None:
    """Add garbage entries inside the caller's transaction."""
    if entries:
        marks = ",".join(["(%s,%s,%s,%s)"] * len(entries))
        flat = [value for entry in entries for value in (*entry.key, entry.target, entry.due_at)]
        session.enqueue(f"INSERT INTO garbage (shop_no, image_id, target, due_at) VALUES {marks}", flat)  # noqa: S608


def values_table(fields: Sequence[str], count: int, **forms: str) -> str:
    """Return a derived table of `count` rows of parameters as SQL.

    Joined to `image` it uses the primary key and reports exactly the changed rows; ON DUPLICATE KEY UPDATE reports two for each.
    """
    first = "SELECT " + ", ".join(f"{forms.get(field, '%s')} AS {field}" for field in fields)
    rest = " UNION ALL SELECT " + ",".join(forms.get(field, "%s") for field in fields)
    return first + rest * (count - 1)


def groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in slices of at most MAX_KEYS."""
    for start in range(0, len(items), MAX_KEYS):
        yield items[start : start + MAX_KEYS]
