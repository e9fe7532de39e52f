"""The table `collector`: one row, the garbage collector's state between passes."""

from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.maintenance.garbage import CollectorState

# An estimate is enough for a share of the images; counting would scan an index of all of them.
_ESTIMATE: Final = "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'image'"


class MariaCollectorRow:
    """Implements `flows.ports.maintenance.CollectorRow` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self) -> CollectorState:
        ((passes, audited_to, allowed_before),) = await self._database.rows("SELECT passes, audited_to, allowed_before FROM collector")
        return CollectorState(passes, audited_to, allowed_before)

    async def begin_pass(self, before: int) -> bool:
        return bool(await self._database.change("UPDATE collector SET passes = passes + 1 WHERE passes = %s", (before,)))

    async def audited(self, key: str) -> None:
        await self._database.change("UPDATE collector SET audited_to = %s", (key,))

    async def now(self) -> datetime:
        return await self._database.now()

    async def images_about(self) -> int:
        ((rows,),) = await self._database.rows(_ESTIMATE)
        return int(rows or 0)

    async def catch_up(self, passes: int) -> None:
        await self._database.change("UPDATE collector SET passes = GREATEST(passes, %s)", (passes,))

    async def allow_what_is_due(self) -> datetime:
        """Allow everything due by now to be deleted, whatever its number; return that time."""

        async def unit(session: Session) -> datetime:
            await session.change("UPDATE collector SET allowed_before = UTC_TIMESTAMP(6)")
            ((allowed,),) = await session.rows("SELECT allowed_before FROM collector")
            return allowed  # type: ignore[no-any-return]

        return await self._database.run(unit)
