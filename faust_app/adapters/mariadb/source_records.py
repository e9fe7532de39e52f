"""The table of the sources: what is known of each host, for all shops and for those that fail there or wait for it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_writes import groups
from faust_app.core.failure_codes import FailureCode, known_code
from faust_app.core.sources.health import DecideSources, Source, SourceRecord

R = TypeVar("R")

_ANSWERED: Final = 1000
_CHANGED: Final = 5000
"""Records a refresh reads at most; what is left out is learnt when it is met."""
_NAMES: Final = (
    "host", "shop_no", "failures", "shops", "code", "failing_since", "failed_at", "deferred_since", "probe_at", "answered_at",
    "answered_for", "origin", "answer_seconds",
)  # fmt: skip
_COLUMNS: Final = ", ".join(_NAMES)
_KNOWN: Final = f"SELECT {_COLUMNS} FROM source_host WHERE failures > 0 OR deferred_since IS NOT NULL ORDER BY updated_at"  # noqa: S608 - our own columns
_WAITED_FOR: Final = """
SELECT {columns} FROM source_host host JOIN source_host s ON s.host = host.host AND s.shop_no > 0
WHERE host.shop_no = 0 AND host.deferred_since IS NOT NULL AND s.failures = 0
""".format(columns=", ".join(f"s.{name}" for name in _NAMES))
_LATELY: Final = f"SELECT {_COLUMNS} FROM source_host WHERE answered_at IS NOT NULL ORDER BY answered_at DESC LIMIT {_ANSWERED}"  # noqa: S608
_SINCE: Final = f"SELECT {_COLUMNS} FROM source_host WHERE updated_at >= %s ORDER BY updated_at DESC LIMIT {_CHANGED}"  # noqa: S608
_OF: Final = f"SELECT {_COLUMNS} FROM source_host WHERE host = %s AND shop_no IN (0, %s) ORDER BY shop_no"  # noqa: S608
_ANSWERING: Final = f"""
SELECT {_COLUMNS} FROM source_host FORCE INDEX (by_answered_for)
WHERE answered_for = %s AND answer_seconds IS NOT NULL ORDER BY answered_at DESC LIMIT 1
"""  # noqa: S608 - our own columns
_LOCK: Final = f"SELECT {_COLUMNS} FROM source_host WHERE host IN ({{marks}}) ORDER BY host, shop_no FOR UPDATE"  # noqa: S608
# The host's own row is locked first, and made where it is missing: whoever changes something of a host queues behind it.
_ENTER: Final = "INSERT INTO source_host (host, shop_no, updated_at) VALUES {marks} ON DUPLICATE KEY UPDATE shop_no = VALUES(shop_no)"
_WRITE: Final = (
    f"INSERT INTO source_host ({_COLUMNS}, updated_at) VALUES {{marks}} ON DUPLICATE KEY UPDATE "  # noqa: S608
    + ", ".join(f"{name} = VALUES({name})" for name in (*_NAMES[2:], "updated_at"))
)


class MariaSourceRecords:
    """Implements `flows.ports.sources.SourceRecords` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[SourceRecord]:
        answered, known, waited_for = [await self._database.rows(sql) for sql in (_LATELY, _KNOWN, _WAITED_FOR)]
        return [_record(values) for values in (*reversed([*answered]), *known, *waited_for)]

    async def changed_since(self, since: datetime) -> list[SourceRecord]:
        return [_record(values) for values in await self._database.rows(_SINCE, (since,))]

    async def change(self, hosts: Collection[str], decide: DecideSources[R]) -> R:
        ordered = sorted(set(hosts))

        async def unit(session: Session) -> R:
            for group in groups(ordered):
                marks = ",".join(["(%s,0,UTC_TIMESTAMP(6))"] * len(group))
                session.enqueue(_ENTER.format(marks=marks), group)
            found: list[SourceRecord] = []
            for group in groups(ordered):
                sql = _LOCK.format(marks=",".join(["%s"] * len(group)))
                found += [_record(values) for values in await session.rows(sql, group)]
            now = await session.now()
            written, result = decide({record.key: record for record in found}, now)
            _write(session, written, now)
            return result

        return await self._database.run(unit)

    async def answering(self, shop_no: int) -> SourceRecord | None:
        found = await self._database.rows(_ANSWERING, (shop_no,))
        return _record(found[0]) if found else None

    async def of(self, source: Source) -> list[SourceRecord]:
        shop, host = source
        return [_record(values) for values in await self._database.rows(_OF, (host, shop))]


def _write(session: Session, records: Sequence[SourceRecord], now: datetime) -> None:
    for group in groups(sorted(records, key=lambda record: record.key)):
        marks = ",".join([f"({','.join(['%s'] * (len(_NAMES) + 1))})"] * len(group))
        flat: list[Any] = []
        for record in group:
            flat += _values(record)
            flat.append(now)
        session.enqueue(_WRITE.format(marks=marks), flat)


def _values(record: SourceRecord) -> tuple[Any, ...]:
    return (
        *record.key, record.failures, record.shops, record.code.value if record.code else None, record.failing_since,
        record.failed_at, record.deferred_since, record.probe_at, record.answered_at, record.answered_for, record.origin,
        record.answer_seconds,
    )  # fmt: skip


def _record(values: Sequence[Any]) -> SourceRecord:
    fields = dict(zip(_NAMES, values, strict=True))
    return SourceRecord(**{**fields, "code": None if fields["code"] is None else _code(fields["code"])})


def _code(value: str) -> FailureCode:
    """Return the code; one that a release beside this one knows and we do not is an error of the source like others."""
    return known_code(value) or FailureCode.SOURCE_ERROR
