"""The table `collector`: one row, what the collector knows from pass to pass."""

from datetime import datetime
from typing import Final

from faust_app.adapters.database import Database, Session
from faust_app.core.collection import CollectorState

_ESTIMATE: Final = "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'image'"


class MariaCollectorRow:
    """Implements `flows.ports.duties.CollectorRow` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self) -> CollectorState:
        """Return what the database knows of the collector."""
        ((passes, audited_to, allowed_before),) = await self._database.rows("SELECT passes, audited_to, allowed_before FROM collector")
        return CollectorState(passes, audited_to, allowed_before)

    async def begin_pass(self, before: int) -> bool:
        """Count one more pass, unless another process did since `before` were read; tell whether it is counted."""
        return bool(await self._database.change("UPDATE collector SET passes = passes + 1 WHERE passes = %s", (before,)))

    async def audited(self, key: str) -> None:
        """Keep that the bucket was looked at up to this key; an empty one begins anew."""
        await self._database.change("UPDATE collector SET audited_to = %s", (key,))

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        return await self._database.now()

    async def images_about(self) -> int:
        """Return how many rows there are, by the database's own estimate."""
        ((rows,),) = await self._database.rows(_ESTIMATE)
        return int(rows or 0)

    async def catch_up(self, passes: int) -> None:
        """Count no fewer passes than these: what the bucket lost to them has been looked for."""
        await self._database.change("UPDATE collector SET passes = GREATEST(passes, %s)", (passes,))

    async def allow_what_is_due(self) -> datetime:
        """Let everything that is due by now be deleted, however much it is; return that time."""

        async def unit(session: Session) -> datetime:
            await session.change("UPDATE collector SET allowed_before = UTC_TIMESTAMP(6)")
            ((allowed,),) = await session.rows("SELECT allowed_before FROM collector")
            return allowed  # type: ignore[no-any-return]

        return await self._database.run(unit)
