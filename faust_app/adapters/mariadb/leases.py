"""Leases on work that one process should do at a time, by the database's clock.

A lease saves work, it does not guarantee exclusion: a process that was frozen still believes that it holds one. Code that
writes under a lease checks it again inside the writing transaction (`holds`), or is correct with two at once.
"""

from datetime import timedelta
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.maintenance.lease import LEASE

# Assignments are evaluated from left to right: `until` sees the holder that was just assigned.
_TAKE: Final = """
INSERT INTO lease (name, holder, `until`) VALUES (%s, %s, UTC_TIMESTAMP(6) + INTERVAL %s SECOND)
ON DUPLICATE KEY UPDATE
    holder = IF(`until` <= UTC_TIMESTAMP(6) OR holder = VALUES(holder), VALUES(holder), holder),
    `until` = IF(holder = VALUES(holder), VALUES(`until`), `until`)
"""


async def take(session: Session, name: str, holder: str, lease: timedelta = LEASE) -> bool:
    """Claim the lease inside a transaction if it is free or expired, or renew the holder's; return whether `holder` has it."""
    session.enqueue(_TAKE, (name, holder, lease.total_seconds()))
    return await session.rows("SELECT holder FROM lease WHERE name = %s", (name,)) == ((holder,),)


async def holds(session: Session, name: str, holder: str) -> bool:
    """Return inside a transaction whether `holder` still has the lease, and lock it until COMMIT."""
    sql = "SELECT 1 FROM lease WHERE name = %s AND holder = %s AND `until` > UTC_TIMESTAMP(6) FOR UPDATE"
    return bool(await session.rows(sql, (name, holder)))


class MariaLeases:
    """Implements `flows.ports.maintenance.Leases` on MariaDB or MySQL."""

    def __init__(self, database: Database, lease: timedelta = LEASE) -> None:
        self._database = database
        self._lease = lease

    async def hold(self, name: str, holder: str) -> bool:
        # Usually another process has it: a read without a lock does not make that process's renewals wait.
        found = await self._database.rows("SELECT holder, `until` > UTC_TIMESTAMP(6) FROM lease WHERE name = %s", (name,))
        if found and found[0][0] != holder and found[0][1]:
            return False
        return await self._database.run(lambda session: take(session, name, holder, self._lease))

    async def release(self, name: str, holder: str) -> None:
        await self._database.change("DELETE FROM lease WHERE name = %s AND holder = %s", (name, holder))
