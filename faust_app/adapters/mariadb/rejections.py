"""The table `rejection`: what was refused at the entry points, written with what it belongs to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_writes import groups
from faust_app.core.foreign import one_line
from faust_app.core.messages.rejection import EntryPoint, ImportLine, KeptRejection, RejectedRecord, Rejection

_COLUMNS: Final = (
    "at", "entry_point", "shop_no", "image_id", "sender", "field", "reason", "run_id", "line", "topic", "`partition`", "`offset`", "bytes",
    "start_of_record",
)  # fmt: skip
_NAMES: Final = ", ".join(_COLUMNS)
_MARKS: Final = f"({', '.join(['%s'] * len(_COLUMNS))})"
_FIELD_CHARACTERS: Final = 120
# A record that is read again is kept once. Not INSERT IGNORE: it would also hide values that do not fit.
_ONCE: Final = " ON DUPLICATE KEY UPDATE id = id"
_SELECT: Final = f"SELECT id, {_NAMES} FROM rejection"  # noqa: S608 - our own columns


def add_rejections(session: Session, rejections: Sequence[Rejection], now: datetime) -> None:
    """Add the rejections inside the caller's transaction."""
    for group in groups(rejections):
        sql = f"INSERT INTO rejection ({_NAMES}) VALUES {', '.join([_MARKS] * len(group))}{_ONCE}"  # noqa: S608 - our own columns
        session.enqueue(sql, [value for each in group for value in _values(each, now)])


class MariaRejections:
    """Implements `flows.ports.rejections.Rejections` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rejections: Sequence[Rejection]) -> None:
        async def unit(session: Session) -> None:
            add_rejections(session, rejections, await session.now())

        if rejections:
            await self._database.run(unit)

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[KeptRejection]:
        sql = f"{_SELECT} FORCE INDEX (by_shop) WHERE shop_no = %s AND id < %s ORDER BY id DESC LIMIT %s"
        return await self._read(sql, (shop_no, _before(before), limit))

    async def of_import(self, run: int, after: int, limit: int) -> list[KeptRejection]:
        sql = f"{_SELECT} FORCE INDEX (by_run) WHERE run_id = %s AND id > %s ORDER BY id LIMIT %s"
        return await self._read(sql, (run, after, limit))

    async def of_records(self, before: int | None, limit: int) -> list[KeptRejection]:
        sql = f"{_SELECT} FORCE INDEX (PRIMARY) WHERE topic IS NOT NULL AND id < %s ORDER BY id DESC LIMIT %s"
        return await self._read(sql, (_before(before), limit))

    async def _read(self, sql: str, parameters: Sequence[Any]) -> list[KeptRejection]:
        return [_kept(*values) for values in await self._database.rows(sql, parameters)]


def _before(number: int | None) -> int:
    return 2**63 if number is None else number


def _values(rejection: Rejection, now: datetime) -> tuple[Any, ...]:
    place = rejection.place
    line = (place.run, place.line) if isinstance(place, ImportLine) else (None, None)
    record = (
        (place.topic, place.partition, place.offset, place.size, place.start) if isinstance(place, RejectedRecord) else (None,) * 5
    )  # fmt: skip
    image_id = rejection.image_id.encode() if rejection.image_id is not None else None
    field = one_line(rejection.field, _FIELD_CHARACTERS) if rejection.field is not None else None
    named = (rejection.shop_no or 0, image_id, rejection.sender)
    return (now, rejection.entry_point.value, *named, field, one_line(rejection.reason), *line, *record)


def _kept(  # noqa: PLR0917 - the columns
    number: int, at: datetime, entry_point: str, shop_no: int, image_id: bytes | None, sender: str | None, field: str | None, reason: str,
    run: int | None, line: int | None, topic: str | None, partition: int | None, offset: int | None, size: int | None, start: bytes | None,
) -> KeptRejection:  # fmt: skip
    place: ImportLine | RejectedRecord | None = None
    if run is not None and line is not None:
        place = ImportLine(run, line)
    elif topic is not None and partition is not None and offset is not None:
        place = RejectedRecord(topic, partition, offset, size or 0, start or b"")
    name = image_id.decode() if image_id is not None else None
    return KeptRejection(number, at, Rejection(EntryPoint(entry_point), reason, field, shop_no or None, name, sender, place))
