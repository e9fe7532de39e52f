"""The table `worker`: one row each, with its release and whether its intake is stopped."""

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.monitoring.workers import ListedWorker, WorkerLoad

_ENTER = """
INSERT INTO worker (name, version, started_at, seen_at) VALUES (%s, %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
    stopped_at = IF(version = VALUES(version), stopped_at, NULL), stop_reason = IF(version = VALUES(version), stop_reason, NULL),
    version = VALUES(version), started_at = VALUES(started_at), seen_at = VALUES(seen_at)
"""
_REPORT = """
INSERT INTO worker (name, version, started_at, seen_at) VALUES (%s, %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE seen_at = VALUES(seen_at)
"""
_HELD_BY_CHARACTERS = 500


class MariaWorkerRegister:
    """Implements `flows.ports.maintenance.WorkerRegister` on MariaDB or MySQL, for the worker of this name and release."""

    def __init__(self, database: Database, name: str, version: str) -> None:
        self._database = database
        self._name = name
        self._version = version

    async def start(self) -> str | None:
        return await self._write_and_read(_ENTER)

    async def report(self) -> str | None:
        return await self._write_and_read(_REPORT)

    async def stop_intake(self, reason: str) -> None:
        sql = "UPDATE worker SET stopped_at = UTC_TIMESTAMP(6), stop_reason = %s WHERE name = %s"
        await self._database.change(sql, (reason[:500], self._name))

    async def store_load(self, load: WorkerLoad) -> None:
        held_by = "; ".join(load.held_by)[:_HELD_BY_CHARACTERS] or None
        await self._database.change("UPDATE worker SET held = %s, held_by = %s WHERE name = %s", (load.held, held_by, self._name))

    async def store_fairness(self, text: str) -> None:
        sql = "UPDATE worker SET fairness = %s, fairness_at = UTC_TIMESTAMP(6) WHERE name = %s"
        await self._database.change(sql, (text, self._name))

    async def _write_and_read(self, sql: str) -> str | None:
        async def unit(session: Session) -> str | None:
            session.enqueue(sql, (self._name, self._version))
            ((stopped_at, reason),) = await session.rows("SELECT stopped_at, stop_reason FROM worker WHERE name = %s", (self._name,))
            return (reason or "stopped") if stopped_at is not None else None

        return await self._database.run(unit)


class MariaWorkerList:
    """Implements `flows.ports.monitoring.WorkerList` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen_within(self, seconds: float) -> list[ListedWorker]:
        sql = (
            "SELECT name, version, started_at, seen_at, stop_reason, held, held_by FROM worker"
            " WHERE seen_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND ORDER BY name LIMIT 200"
        )
        return [ListedWorker(*row) for row in await self._database.rows(sql, (seconds,))]

    async def fairness_within(self, seconds: float) -> list[tuple[str, str]]:
        sql = (
            "SELECT name, fairness FROM worker"
            " WHERE fairness_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND AND fairness IS NOT NULL ORDER BY name LIMIT 200"
        )
        return [(name, text) for name, text in await self._database.rows(sql, (seconds,))]

    async def starting_within(self, seconds: float) -> int:
        sql = "SELECT COUNT(*) FROM worker WHERE seen_at > UTC_TIMESTAMP(6) - INTERVAL %s SECOND AND stopped_at IS NULL"
        ((workers,),) = await self._database.rows(sql, (seconds,))
        return int(workers)


async def lift_stops(database: Database, name: str | None) -> list[str]:
    """Resume intake of the named worker, or of every stopped one; return their names. Raises Unavailable."""

    async def unit(session: Session) -> list[str]:
        condition = "stopped_at IS NOT NULL" + ("" if name is None else " AND name = %s")
        parameters = [] if name is None else [name]
        names = [row[0] for row in await session.rows(f"SELECT name FROM worker WHERE {condition} FOR UPDATE", parameters)]  # noqa: S608
        session.enqueue(f"UPDATE worker SET stopped_at = NULL, stop_reason = NULL WHERE {condition}", parameters)  # noqa: S608
        return names

    return await database.run(unit)
