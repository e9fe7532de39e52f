"""The table `alert_message` and the digests: what is to be sent, what was, and how long it is kept."""

import asyncio
import uuid
from datetime import date, datetime, timedelta
from typing import Final

from faust_app.adapters.mariadb.database import Database, Row, Session
from faust_app.core.alerts.alert import FAULT_PREFIX, REPEATED_WITHIN
from faust_app.core.alerts.decide import LastDigest
from faust_app.core.alerts.digest import DIGEST, LONGEST, CodeCount, DigestCounts, Span
from faust_app.core.alerts.message import AlertMessage, WaitingMessage, message_from_json, message_json

KEPT_DAYS: Final = 90
_REASON: Final = 200
_AT_ONCE: Final = 1000
"""Most rows that one statement deletes, which keeps transactions short."""
_ROUNDS: Final = 1000
"""Most statements per table and call: a million rows an hour, more than an hour can add."""


class MariaAlertOutbox:
    """Implements `flows.ports.alerts.AlertOutbox` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, lease: timedelta) -> WaitingMessage | None:
        async def unit(session: Session) -> WaitingMessage | None:
            sql = (
                "SELECT id, webhook_id, body, attempts + 1 FROM alert_message WHERE sent_at IS NULL AND next_at <= UTC_TIMESTAMP(6)"
                " ORDER BY id LIMIT 1 FOR UPDATE"
            )
            found = await session.rows(sql)
            if not found:
                return None
            message = _waiting(found[0])
            claim = "UPDATE alert_message SET next_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND, attempts = attempts + 1 WHERE id = %s"
            await session.change(claim, (lease.total_seconds(), message.number))
            return message

        return await self._database.run(unit)

    async def mark_sent(self, number: int) -> None:
        sql = "UPDATE alert_message SET sent_at = UTC_TIMESTAMP(6), last_error = NULL WHERE id = %s AND sent_at IS NULL"
        await self._database.change(sql, (number,))

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        sql = "UPDATE alert_message SET next_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND, last_error = %s WHERE id = %s AND sent_at IS NULL"
        await self._database.change(sql, (again.total_seconds(), reason[:_REASON], number))

    async def forget_old(self) -> int:
        """Delete closed alerts, sent messages and job runs of 90 days ago, and counts that no digest needs.

        Bounded by `_AT_ONCE` and `_ROUNDS` per table. Reports of processes that died are deleted too.
        """
        return sum([await self._forget(sql, parameters) for sql, parameters in _OLD])

    async def _forget(self, sql: str, parameters: tuple[int]) -> int:
        gone = 0
        for _ in range(_ROUNDS):
            rows = await self._database.change(f"{sql} LIMIT {_AT_ONCE}", parameters)
            gone += rows
            if rows < _AT_ONCE:
                break
            await asyncio.sleep(0)
        return gone


_OLD: Final = (
    ("DELETE FROM alert WHERE closed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY", (KEPT_DAYS,)),
    ("DELETE FROM alert_message WHERE sent_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY", (KEPT_DAYS,)),
    ("DELETE FROM job_run WHERE started < UTC_TIMESTAMP(6) - INTERVAL %s DAY", (KEPT_DAYS,)),
    ("DELETE FROM alert_shop WHERE slot < UTC_TIMESTAMP(6) - INTERVAL %s SECOND", (int((LONGEST + timedelta(hours=1)).total_seconds()),)),
    ("DELETE FROM alert_worker WHERE last_at < UTC_TIMESTAMP(6) - INTERVAL %s SECOND", (int(REPEATED_WITHIN.total_seconds()),)),
)


def _waiting(row: Row) -> WaitingMessage:
    number, webhook_id, body, attempts = row
    return WaitingMessage(number, webhook_id, message_from_json(body), attempts)


async def add_message(session: Session, message: AlertMessage) -> None:
    """Queue a message for the messenger, inside the caller's transaction."""
    sql = "INSERT INTO alert_message (webhook_id, body, created_at, next_at) VALUES (%s, %s, %s, %s)"
    await session.change(sql, (f"msg_{uuid.uuid4().hex}", message_json(message).decode(), message.at, message.at))


_CODES: Final = 10
_SHOPS: Final = 5

_FROM: Final = "FROM alert_shop s JOIN alert a ON a.fingerprint = s.fingerprint WHERE a.severity = 'shop' AND s.slot >= %s AND s.slot < %s"
# MAX picks any fingerprint of the code: only its prefix is read, which distinguishes a fault from a failure code.
_BY_CODE: Final = (
    "SELECT a.code, MAX(a.fingerprint), SUM(s.occurrences) AS images, COUNT(DISTINCT s.shop_no), COUNT(DISTINCT a.host)"
    f" {_FROM} GROUP BY a.code ORDER BY images DESC, a.code LIMIT {_CODES}"
)
_TOP_HOST: Final = (
    f"SELECT a.host, SUM(s.occurrences) AS images {_FROM} AND a.code = %s GROUP BY a.host ORDER BY images DESC, a.host LIMIT 1"
)
_TOP_SHOPS: Final = (
    f"SELECT s.shop_no, SUM(s.occurrences) AS images {_FROM} GROUP BY s.shop_no ORDER BY images DESC, s.shop_no LIMIT {_SHOPS}"
)


async def digest_counts(database: Database, span: Span) -> DigestCounts:
    """Count the images that failed in the span because of the shops' own sources and files. Raises Unavailable."""
    times = (span.since, span.until)
    codes = []
    for code, fingerprint, images, shops, hosts in await database.rows(_BY_CODE, times):
        ((top_host, top_images),) = await database.rows(_TOP_HOST, (*times, code))
        is_fault = fingerprint.startswith(FAULT_PREFIX)
        codes.append(CodeCount(code, is_fault, int(images), shops, hosts, top_host, int(top_images)))
    ((shops,),) = await database.rows(f"SELECT COUNT(DISTINCT s.shop_no) {_FROM}", times)
    top_shops = await database.rows(_TOP_SHOPS, times)
    return DigestCounts(tuple(codes), shops, tuple((shop_no, int(images)) for shop_no, images in top_shops))


async def last_digest(database: Database) -> LastDigest | None:
    """Return the newest recorded digest, None if there is none. Raises Unavailable."""
    sql = "SELECT local_date, started FROM job_run WHERE job = %s AND finished IS NOT NULL ORDER BY local_date DESC LIMIT 1"
    found = await database.rows(sql, (DIGEST,))
    return LastDigest(*found[0]) if found else None


async def note_digest(session: Session, day: date, now: datetime) -> None:
    """Record, in the message's transaction, that the date has its digest."""
    sql = (
        "INSERT INTO job_run (job, local_date, started, finished) VALUES (%s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE started = VALUES(started), finished = VALUES(finished)"
    )
    await session.change(sql, (DIGEST, day, now, now))
