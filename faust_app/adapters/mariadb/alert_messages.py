"""The table `alert_message`: messages to deliver and messages sent; and the retention of all alert tables."""

import asyncio
from datetime import timedelta
from typing import Final

from faust_app.adapters.mariadb.database import Database, Row, Session
from faust_app.core.alerts.alert import REPEATED_WITHIN
from faust_app.core.alerts.digest import LONGEST
from faust_app.core.alerts.message import WaitingMessage, message_from_json

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
