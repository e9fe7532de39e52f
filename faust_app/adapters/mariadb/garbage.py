"""The tables `garbage` and `collector`: what waits to be deleted, and what the collector keeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_writes import add_garbage, groups, values_table
from faust_app.core.images.outcome import Garbage
from faust_app.core.images.row import ImageKey
from faust_app.core.maintenance.garbage import CollectorState, GarbageCounts

_DUE: Final = "SELECT id, shop_no, image_id, target, due_at FROM garbage WHERE due_at <= UTC_TIMESTAMP(6) ORDER BY due_at LIMIT %s"
# The inner LIMIT bounds the count, however many entries are due.
_COUNT: Final = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM garbage WHERE due_at > COALESCE(%s, '1000-01-01') AND due_at <= UTC_TIMESTAMP(6) LIMIT %s) x"
)
_COUNTS: Final = "SELECT COUNT(*), COALESCE(SUM(due_at <= UTC_TIMESTAMP(6)), 0) FROM garbage"
_SHOPS: Final = (
    "SELECT shop_no, COUNT(*) FROM garbage WHERE due_at <= UTC_TIMESTAMP(6) GROUP BY shop_no ORDER BY COUNT(*) DESC, shop_no LIMIT 10"
)
# Joined as a derived table instead of IN: see `image_writes.MAX_KEYS`.
_LISTED: Final = (
    "SELECT DISTINCT target FROM ({values}) x STRAIGHT_JOIN garbage FORCE INDEX (by_image)"
    " ON garbage.shop_no = x.s AND garbage.image_id = x.i"
)


class MariaGarbageRepository:
    """Implements `flows.ports.maintenance.GarbageRepository` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        rows = await self._database.rows(_DUE, (limit,))
        return [(number, Garbage((shop_no, image_id), target, due_at)) for number, shop_no, image_id, target, due_at in rows]

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        if ids:
            marks = ",".join(["%s"] * len(ids))
            await self._database.change(f"DELETE FROM garbage WHERE id IN ({marks})", ids)  # noqa: S608

    async def count_due(self, after: datetime | None, up_to: int) -> int:
        ((count,),) = await self._database.rows(_COUNT, (after, up_to))
        return int(count)

    async def counts(self) -> GarbageCounts:
        ((listed, due),) = await self._database.rows(_COUNTS)
        return GarbageCounts(listed, int(due), tuple(await self._database.rows(_SHOPS)))

    async def listed(self, keys: Sequence[ImageKey]) -> set[str]:
        found: set[str] = set()
        for group in groups(sorted(set(keys))):
            sql = _LISTED.format(values=values_table(("s", "i"), len(group)))
            found |= {target for (target,) in await self._database.rows(sql, [part for key in group for part in key])}
        return found

    async def add_garbage(self, entries: Sequence[Garbage]) -> None:
        async def unit(session: Session) -> None:
            add_garbage(session, entries)

        await self._database.run(unit)


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

    async def images_about(self) -> int:
        ((rows,),) = await self._database.rows(_ESTIMATE)
        return int(rows or 0)

    async def catch_up(self, passes: int) -> None:
        await self._database.change("UPDATE collector SET passes = GREATEST(passes, %s)", (passes,))

    async def allow_what_is_due(self) -> datetime:
        """Allow everything due by now to be deleted, whatever its number; return that time."""

        async def unit(session: Session) -> datetime:
            session.enqueue("UPDATE collector SET allowed_before = UTC_TIMESTAMP(6)")
            ((allowed,),) = await session.rows("SELECT allowed_before FROM collector")
            return allowed  # type: ignore[no-any-return]

        return await self._database.run(unit)
