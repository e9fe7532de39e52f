"""The table `statistics_run`: loads of the statistics that operators asked for."""

from datetime import date
from typing import Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.statistics.run import StatisticsRun

_COLUMNS: Final = "id, first_day, last_day, reason, asked_by, asked_at, started_at, ended_at, days_done, days_changed, problem"
_WAITS: Final = "SELECT id FROM statistics_run WHERE ended_at IS NULL AND first_day = %s AND last_day = %s AND reason <=> %s LIMIT 1"
_ASK: Final = "INSERT INTO statistics_run (first_day, last_day, reason, asked_by, asked_at) VALUES (%s, %s, %s, %s, UTC_TIMESTAMP(6))"
_NEXT: Final = f"SELECT {_COLUMNS} FROM statistics_run WHERE ended_at IS NULL ORDER BY id LIMIT 1"  # noqa: S608 - our own columns
_ADVANCE: Final = """
UPDATE statistics_run SET started_at = COALESCE(started_at, UTC_TIMESTAMP(6)), days_done = %s, days_changed = %s
WHERE id = %s AND ended_at IS NULL
"""
_END: Final = "UPDATE statistics_run SET ended_at = UTC_TIMESTAMP(6), problem = %s WHERE id = %s AND ended_at IS NULL"
_RECENT: Final = f"SELECT {_COLUMNS} FROM statistics_run ORDER BY id DESC LIMIT %s"  # noqa: S608 - our own columns
_TEXT: Final = 500


class MariaStatisticsRuns:
    """Implements `flows.ports.statistics.StatisticsRuns` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, first: date, last: date, reason: str | None, actor: Actor) -> int:
        reason = reason[:_TEXT] if reason else None

        async def unit(session: Session) -> int:
            waiting = await session.rows(_WAITS, (first, last, reason))
            if waiting:
                return int(waiting[0][0])
            session.enqueue(_ASK, (first, last, reason, actor.name))
            ((number,),) = await session.rows("SELECT LAST_INSERT_ID()")
            detail = {"first": first.isoformat(), "last": last.isoformat(), "reason": reason}
            add_audit(session, AuditEntry(await session.now(), actor, "statistics.load", f"load {number}", detail))
            return int(number)

        return await self._database.run(unit)

    async def next(self) -> StatisticsRun | None:
        rows = await self._database.rows(_NEXT)
        return StatisticsRun(*rows[0]) if rows else None

    async def advance(self, number: int, *, days_done: int, days_changed: int) -> None:
        await self._database.change(_ADVANCE, (days_done, days_changed, number))

    async def end(self, number: int, problem: str | None) -> None:
        await self._database.change(_END, (problem[:_TEXT] if problem else None, number))

    async def recent(self, limit: int) -> list[StatisticsRun]:
        return [StatisticsRun(*row) for row in await self._database.rows(_RECENT, (limit,))]
