"""The table `job_run`: which dates have their run of a daily job, and what each run found."""

import json
from datetime import date, datetime
from typing import Final

from faust_app.adapters.mariadb.alert_messages import add_message
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.leases import holds, take
from faust_app.core.maintenance.jobs import FinishedRun, RunResult

_BEGIN: Final = """
INSERT INTO job_run (job, local_date, started) VALUES (%s, %s, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE started = started
"""
_IS_OPEN: Final = "SELECT 1 FROM job_run WHERE job = %s AND local_date = %s AND finished IS NULL"
_LAST: Final = """
SELECT local_date, finished, result FROM job_run WHERE job = %s AND finished IS NOT NULL ORDER BY local_date DESC LIMIT 1
"""
_FINISHED_BEFORE: Final = """
SELECT local_date, finished, result FROM job_run WHERE job = %s AND finished <= %s ORDER BY local_date DESC LIMIT 1
"""
_FINISH: Final = """
UPDATE job_run SET finished = UTC_TIMESTAMP(6), result = %s WHERE job = %s AND local_date = %s AND finished IS NULL
"""


class MariaJobRuns:
    """Implements `flows.ports.maintenance.JobRuns` on MariaDB or MySQL; a lease named after job and date holds each run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, job: str) -> FinishedRun | None:
        found = await self._database.rows(_LAST, (job,))
        return _finished(*found[0]) if found else None

    async def finished_before(self, job: str, before: datetime) -> FinishedRun | None:
        found = await self._database.rows(_FINISHED_BEFORE, (job, before))
        return _finished(*found[0]) if found else None

    async def hold(self, job: str, day: date, holder: str) -> bool:
        async def unit(session: Session) -> bool:
            session.enqueue(_BEGIN, (job, day))
            return bool(await session.rows(_IS_OPEN, (job, day))) and await take(session, _lease(job, day), holder)

        return await self._database.run(unit)

    async def finish(self, job: str, day: date, holder: str, result: RunResult) -> bool:
        async def unit(session: Session) -> bool:
            if not await holds(session, _lease(job, day), holder):
                return False
            done = await session.change(_FINISH, (json.dumps(dict(result.found)), job, day))
            # Leases of earlier dates are deleted too: an unfinished run leaves one behind.
            session.enqueue("DELETE FROM lease WHERE name BETWEEN %s AND %s", (f"{job} ", _lease(job, day)))
            if done and result.message is not None:
                add_message(session, result.message)
            return bool(done)

        return await self._database.run(unit)


def note_run(session: Session, job: str, day: date, now: datetime) -> None:
    """Record, inside the caller's transaction, that the date has its run, which took no time and found nothing to keep."""
    sql = (
        "INSERT INTO job_run (job, local_date, started, finished) VALUES (%s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE started = VALUES(started), finished = VALUES(finished)"
    )
    session.enqueue(sql, (job, day, now, now))


def _lease(job: str, day: date) -> str:
    return f"{job} {day.isoformat()}"


def _finished(day: date, finished: datetime, result: str | None) -> FinishedRun:
    return FinishedRun(day, finished, json.loads(result) if result else {})
