"""The table `garbage`: what waits to be deleted from the bucket."""

from collections.abc import Sequence

from faust_app.adapters.database import Database
from faust_app.core.outcome import Garbage


class MariaGarbageRepository:
    """Implements `flows.ports.GarbageRepository` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        """Return up to `limit` due entries with their ids, oldest first."""
        sql = "SELECT id, shop_no, image_id, target, due_at FROM garbage WHERE due_at <= UTC_TIMESTAMP(6) ORDER BY due_at LIMIT %s"
        rows = await self._database.rows(sql, (limit,))
        return [(number, Garbage((shop_no, image_id), target, due_at)) for number, shop_no, image_id, target, due_at in rows]

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        """Forget entries that are dealt with."""
        if ids:
            marks = ",".join(["%s"] * len(ids))
            await self._database.change(f"DELETE FROM garbage WHERE id IN ({marks})", ids)  # noqa: S608
