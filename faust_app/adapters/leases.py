"""Leases: which process runs a duty that only one should run at a time.

A lease lightens work, it never guards a truth: a process that froze wakes up believing it still holds one. Whoever writes
under a lease asks for it again inside the writing transaction (`holds`), or writes what is correct with two at once.
"""

from datetime import timedelta
from typing import Final

from faust_app.adapters.database import Database, Session

LEASE: Final = timedelta(seconds=30)

_HOLD: Final = """
INSERT INTO lease (name, holder, `until`) VALUES (%s, %s, UTC_TIMESTAMP(6) + INTERVAL %s SECOND)
ON DUPLICATE KEY UPDATE
    holder = IF(`until` <= UTC_TIMESTAMP(6) OR holder = VALUES(holder), VALUES(holder), holder),
    `until` = IF(holder = VALUES(holder), VALUES(`until`), `until`)
"""


class MariaLeases:
    """Implements `flows.ports.duties.Leases` on MariaDB or MySQL, by the database's clock."""

    def __init__(self, database: Database, lease: timedelta = LEASE) -> None:
        self._database = database
        self._seconds = lease.total_seconds()

    async def hold(self, name: str, holder: str) -> bool:
        """Take the lease if it is free or has run out, renew it if it is ours; tell whether we hold it now."""
        found = await self._database.rows("SELECT holder, `until` > UTC_TIMESTAMP(6) FROM lease WHERE name = %s", (name,))
        if found and found[0][0] != holder and found[0][1]:
            return False

        async def unit(session: Session) -> bool:
            await session.change(_HOLD, (name, holder, self._seconds))
            ((now_held_by,),) = await session.rows("SELECT holder FROM lease WHERE name = %s", (name,))
            return bool(now_held_by == holder)

        return await self._database.run(unit)

    async def release(self, name: str, holder: str) -> None:
        """Give the lease back, so that another need not wait for its end; one that is not ours stays."""
        await self._database.change("DELETE FROM lease WHERE name = %s AND holder = %s", (name, holder))


async def holds(session: Session, name: str, holder: str) -> bool:
    """Tell inside a transaction whether the lease is still ours, and keep it from moving until COMMIT."""
    sql = "SELECT 1 FROM lease WHERE name = %s AND holder = %s AND `until` > UTC_TIMESTAMP(6) FOR UPDATE"
    return bool(await session.rows(sql, (name, holder)))
