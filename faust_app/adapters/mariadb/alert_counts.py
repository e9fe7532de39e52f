"""Counts occurrences into alerts, in three statements at the end of the transaction that settles them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.alerts.alert import REPEATED_WITHIN, FaultKind, Occurrence, PlatformFault, slot_of
from faust_app.core.alerts.urgency import woke
from faust_app.core.foreign import one_line

_COLUMNS: Final = (
    "fingerprint", "code", "host", "severity", "opened_at", "last_at", "occurrences", "detail", "sample_shop", "sample_image",
    "reported_at", "reported_count", "woken_at",
)  # fmt: skip
_REOPEN: Final = """
UPDATE alert SET episode = episode + 1, opened_at = %s, occurrences = 0, reported_at = NULL, reported_count = 0, closed_at = NULL,
    woken_at = NULL, taken_by = NULL, taken_at = NULL
WHERE fingerprint IN ({marks}) AND closed_at IS NOT NULL
"""
_COUNT: Final = f"""
INSERT INTO alert ({", ".join(_COLUMNS)}) VALUES {{values}}
ON DUPLICATE KEY UPDATE
    occurrences = occurrences + VALUES(occurrences), last_at = GREATEST(last_at, VALUES(last_at)), ended_at = NULL,
    severity = VALUES(severity), detail = VALUES(detail), sample_shop = VALUES(sample_shop), sample_image = VALUES(sample_image),
    reported_at = COALESCE(VALUES(reported_at), reported_at), woken_at = COALESCE(woken_at, VALUES(woken_at)),
    reported_count = GREATEST(reported_count, VALUES(reported_count))
"""  # noqa: S608 - our own columns
_COUNT_SHOPS: Final = """
INSERT INTO alert_shop (fingerprint, shop_no, slot, occurrences) VALUES {values}
ON DUPLICATE KEY UPDATE occurrences = occurrences + VALUES(occurrences)
"""
_SHOP_COUNTED: Final = "SELECT 1 FROM alert_shop WHERE fingerprint = %s AND shop_no = %s AND slot >= %s LIMIT 1"
_STILL_HAVE_IT: Final = "SELECT 1 FROM alert_worker WHERE fingerprint = %s AND last_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND LIMIT 1"

_PRESENT: Final = """
SELECT DISTINCT code FROM alert_worker JOIN alert USING (fingerprint)
WHERE alert_worker.last_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND AND closed_at IS NULL
"""


def count_occurrences(session: Session, occurrences: Sequence[Occurrence], now: datetime) -> None:
    """Count failed images into their alerts and shops; open an alert that is new or closed.

    Three statements for any number of occurrences, rows in key order: alerts are the last locks of a settle.
    """
    if not occurrences:
        return
    latest = {occurrence.fingerprint: occurrence for occurrence in occurrences}
    counts = Counter(occurrence.fingerprint for occurrence in occurrences)
    _write_alerts(session, latest, counts, now)
    shops = Counter((occurrence.fingerprint, occurrence.shop_no) for occurrence in occurrences if occurrence.shop_no is not None)
    if shops:
        _count_shops(session, shops, now)


def _write_alerts(session: Session, latest: Mapping[str, Occurrence], counts: Mapping[str, int], now: datetime) -> None:
    rows = [
        (
            fingerprint, occurrence.code.value, occurrence.host, occurrence.code.severity.value, now, now, counts[fingerprint],
            one_line(occurrence.detail), occurrence.shop_no, occurrence.image_id, None, 0, None,
        )
        for fingerprint, occurrence in sorted(latest.items())
    ]  # fmt: skip
    _count(session, rows, opened_at=now)


def _count_shops(session: Session, shops: Mapping[tuple[str, int], int], now: datetime) -> None:
    slot = slot_of(now)
    flat = [value for (fingerprint, shop_no), count in sorted(shops.items()) for value in (fingerprint, shop_no, slot, count)]
    session.enqueue(_COUNT_SHOPS.format(values=",".join(["(%s,%s,%s,%s)"] * len(shops))), flat)


async def _count_shop_once(session: Session, fingerprint: str, shop_no: int, now: datetime) -> None:
    """Count a shop's fault, however many processes report it: once per episode, and again when the digests have forgotten it."""
    ((opened_at,),) = await session.rows("SELECT opened_at FROM alert WHERE fingerprint = %s", (fingerprint,))
    if not await session.rows(_SHOP_COUNTED, (fingerprint, shop_no, slot_of(opened_at))):
        _count_shops(session, {(fingerprint, shop_no): 1}, now)


def _count(session: Session, rows: Sequence[tuple[Any, ...]], opened_at: datetime) -> None:
    """Start a new episode of each closed alert, then count: rows of `_COLUMNS`, in order of fingerprint."""
    session.enqueue(_REOPEN.format(marks=",".join(["%s"] * len(rows))), [opened_at, *(row[0] for row in rows)])
    mark = f"({','.join(['%s'] * len(_COLUMNS))})"
    session.enqueue(_COUNT.format(values=",".join([mark] * len(rows))), [value for row in rows for value in row])


@dataclass(frozen=True, slots=True)
class MariaFaults:
    """Implements `flows.ports.alerts.Faults` on MariaDB or MySQL."""

    database: Database

    async def open_fault(self, fault: PlatformFault, *, age: timedelta, reported_ago: timedelta | None) -> None:
        async def unit(session: Session) -> None:
            now = await session.now()
            # The alert's row is locked first, as everywhere; the process's own row then shows whether this report is new.
            await session.rows("SELECT 1 FROM alert WHERE fingerprint = %s FOR UPDATE", (fault.fingerprint,))
            known = await session.rows(
                "SELECT 1 FROM alert_worker WHERE fingerprint = %s AND worker = %s", (fault.fingerprint, fault.worker)
            )
            reported_at, reported_count = (None, 0) if reported_ago is None else (now - reported_ago, 1)
            woken_at = reported_at if reported_ago is not None and woke(fault.kind, age - reported_ago) else None
            row = (
                fault.fingerprint, fault.kind.value, fault.host, fault.kind.severity.value, now - age, now, 0 if known else 1,
                one_line(fault.detail), fault.shop_no, None, reported_at, reported_count, woken_at,
            )  # fmt: skip
            _count(session, [row], opened_at=now - age)
            sql = (
                "INSERT INTO alert_worker (fingerprint, worker, last_at, waiting) VALUES (%s,%s,%s,%s)"
                " ON DUPLICATE KEY UPDATE last_at = VALUES(last_at), waiting = VALUES(waiting)"
            )
            session.enqueue(sql, (fault.fingerprint, fault.worker, now, fault.waiting))
            if fault.shop_no is not None:
                await _count_shop_once(session, fault.fingerprint, fault.shop_no, now)

        await self.database.run(unit)

    async def close_fault(self, fault: PlatformFault) -> None:
        async def unit(session: Session) -> None:
            # Orders concurrent closings: otherwise each would still see the other's row, and neither would end the alert.
            await session.rows("SELECT 1 FROM alert WHERE fingerprint = %s FOR UPDATE", (fault.fingerprint,))
            gone = await session.change(
                "DELETE FROM alert_worker WHERE fingerprint = %s AND worker = %s", (fault.fingerprint, fault.worker)
            )
            left = await session.rows(_STILL_HAVE_IT, (fault.fingerprint, REPEATED_WITHIN.total_seconds()))
            if gone and not left:
                sql = "UPDATE alert SET ended_at = UTC_TIMESTAMP(6) WHERE fingerprint = %s AND closed_at IS NULL"
                session.enqueue(sql, (fault.fingerprint,))

        await self.database.run(unit)

    async def present(self) -> list[FaultKind]:
        found = {code for (code,) in await self.database.rows(_PRESENT, (REPEATED_WITHIN.total_seconds(),))}
        return [kind for kind in FaultKind if kind.value in found]

    async def ping(self) -> None:
        await self.database.rows("SELECT 1")
