"""The table `alert_message`: what is to be sent and what was; and what of the alerts is kept no longer."""

import asyncio
from datetime import timedelta
from typing import Final

from faust_app.adapters.mariadb.database import Database, Row, Session
from faust_app.core.alerts.alert import REPEATED_WITHIN
from faust_app.core.alerts.digest import LONGEST_DIGEST
from faust_app.core.alerts.message import AlertMessage, WaitingMessage, message_from_json, message_json, new_webhook_id
from faust_app.core.causes.suspicion import KEPT_COUNTS
from faust_app.core.maintenance.retention import REPORTS

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
            found = await session.rows(_OLDEST)
            if not found:
                return None
            *values, is_due = found[0]
            if not is_due:
                return None
            message = _waiting(tuple(values))
            claim = "UPDATE alert_message SET next_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND, attempts = attempts + 1 WHERE id = %s"
            session.enqueue(claim, (lease.total_seconds(), message.number))
            return message

        return await self._database.run(unit)

    async def mark_sent(self, number: int) -> None:
        sql = "UPDATE alert_message SET sent_at = UTC_TIMESTAMP(6), last_error = NULL WHERE id = %s AND sent_at IS NULL"
        await self._database.change(sql, (number,))

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        sql = "UPDATE alert_message SET next_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND, last_error = %s WHERE id = %s AND sent_at IS NULL"
        await self._database.change(sql, (again.total_seconds(), reason[:_REASON], number))

    async def forget_old(self) -> int:
        """Delete closed alerts, sent messages, counts that no digest needs, and reports of processes that died.

        Bounded by `_AT_ONCE` and `_ROUNDS` per table.
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


# Not the oldest that is due: messages are sent in their order, and a later one would overtake one that is to be tried again.
_OLDEST: Final = """
SELECT id, webhook_id, body, attempts + 1, next_at <= UTC_TIMESTAMP(6) FROM alert_message WHERE sent_at IS NULL
ORDER BY id LIMIT 1 FOR UPDATE
"""
_OLD: Final = tuple(
    (f"DELETE FROM {table} WHERE {column} < UTC_TIMESTAMP(6) - INTERVAL %s SECOND", (int(kept.total_seconds()),))  # noqa: S608 - our own names
    for table, column, kept in (
        ("alert", "closed_at", REPORTS),
        ("alert_message", "sent_at", REPORTS),
        ("alert_shop", "slot", LONGEST_DIGEST + timedelta(hours=1)),
        ("alert_worker", "last_at", REPEATED_WITHIN),
        ("alert_recovery", "caught_up_at", REPORTS),
        ("outcome_count", "slot", KEPT_COUNTS),
        ("suspicion", "ended_at", REPORTS),
    )
)


def _waiting(row: Row) -> WaitingMessage:
    number, webhook_id, body, attempts = row
    return WaitingMessage(number, webhook_id, message_from_json(body), attempts)


def add_message(session: Session, message: AlertMessage) -> None:
    """Queue a message for the messenger, inside the caller's transaction."""
    sql = "INSERT INTO alert_message (webhook_id, body, created_at, next_at) VALUES (%s, %s, %s, %s)"
    session.enqueue(sql, (new_webhook_id(), message_json(message).decode(), message.at, message.at))
