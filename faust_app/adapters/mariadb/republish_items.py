"""The table `republish_item`: begins the images of a run, takes them back, and finds out what became of them.

Each step is one transaction: rows, items and pace change together, so that a process that dies leaves nothing half done.
Locks are taken in one order: the run, then the rows of the images by key.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.controls import paused_shops
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_repository import lock_rows
from faust_app.adapters.mariadb.image_writes import Author, groups, values_table, write
from faust_app.adapters.mariadb.republish_runs import COLUMNS, item_of, run_of
from faust_app.core.images.row import ImageKey, ImageState
from faust_app.core.messages.positions import Offsets
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.republish.items import CurrentState, ItemStatus, ended_as
from faust_app.core.republish.run import Left, Run, RunStatus, allowance, paced
from faust_app.core.republish.steps import Ended, Step, begin, take_back

_ITEMS: Final = (
    "i.shop_no, i.image_id, i.version, i.former_state, i.former_code, i.new_version, i.former_requested_at, i.former_detail,"
    " i.former_cause, i.former_judged_by"
)
# The index of a status ends in the primary key, so that this order needs no sorting.
_NEXT: Final = f"""
SELECT {_ITEMS} FROM republish_item i FORCE INDEX (by_status) WHERE i.run_id = %s AND i.status = %s
ORDER BY i.shop_no, i.image_id LIMIT %s
"""  # noqa: S608 - our own columns
_BEGUN_AFTER: Final = f"""
SELECT {_ITEMS}, image.version, image.state, image.error_code
FROM republish_item i FORCE INDEX (by_status) LEFT JOIN image ON image.shop_no = i.shop_no AND image.image_id = i.image_id
WHERE i.run_id = %s AND i.status = 'begun' AND (i.shop_no > %s OR (i.shop_no = %s AND i.image_id > %s))
ORDER BY i.shop_no, i.image_id LIMIT %s
"""  # noqa: S608 - our own columns
_LEFT: Final = """
SELECT EXISTS (SELECT 1 FROM republish_item WHERE run_id = %s AND status = 'planned'),
    EXISTS (SELECT 1 FROM republish_item WHERE run_id = %s AND status = 'begun')
"""
_WRITTEN: Final = (
    "shop_no", "image_id", "status", "code", "new_version", "former_code", "former_requested_at", "former_detail", "former_cause",
    "former_judged_by",
)  # fmt: skip
# The status an item had is the guard: two processes that believe they hold the lease end an item once.
_WRITE: Final = """
UPDATE republish_item i JOIN ({values}) x ON i.run_id = %s AND i.shop_no = x.shop_no AND i.image_id = x.image_id SET
    i.status = x.status, i.code = x.code, i.new_version = x.new_version, i.former_code = x.former_code,
    i.former_requested_at = x.former_requested_at, i.former_detail = x.former_detail, i.former_cause = x.former_cause,
    i.former_judged_by = x.former_judged_by
WHERE i.status = %s
"""


class MariaRepublishItems:
    """Implements `flows.ports.republish.RepublishItems` on MariaDB or MySQL."""

    def __init__(self, database: Database, author: Author) -> None:
        self._database = database
        self._author = author

    async def begin(self, number: int, offsets: Offsets) -> int:
        async def unit(session: Session) -> int:
            run = await _locked(session, number)
            now = await session.now()
            if run is None or not (limit := allowance(run, now)):
                return 0
            begun = await self._begin(session, run, limit, offsets, now)
            # By the allowance, not by what was begun: a skip uses up the rate too, so that a pass is bounded in either case.
            session.enqueue("UPDATE republish SET paced_to = %s WHERE id = %s", (paced(run, now, limit), number))
            return begun

        return await self._database.run(unit)

    async def try_one(self, number: int, offsets: Offsets, audit: AuditEntry) -> ImageKey | None:
        async def unit(session: Session) -> ImageKey | None:
            run = await _locked(session, number)
            if run is None or run.status is not RunStatus.PLANNED:
                return None
            now = await session.now()
            while items := await session.rows(_NEXT, (number, ItemStatus.PLANNED.value, 1)):
                if await self._begin(session, run, 1, offsets, now):
                    add_audit(session, replace(audit, at=now, target=f"republish {number}"))
                    return items[0][0], items[0][1]
            return None

        return await self._database.run(unit)

    async def take_back(self, number: int, limit: int) -> int:
        async def unit(session: Session) -> int:
            run = await _locked(session, number)
            if run is None or run.status is not RunStatus.CANCELLING:
                return 0
            items = [item_of(row) for row in await session.rows(_NEXT, (number, ItemStatus.BEGUN.value, limit))]
            rows, now = await lock_rows(session, [item.key for item in items])
            step = take_back(items, rows, now)
            self._write(session, number, step, ItemStatus.BEGUN, now)
            return len(items)

        return await self._database.run(unit)

    async def watch(self, number: int, after: ImageKey | None, limit: int) -> ImageKey | None:
        shop_no, image_id = after or (0, b"")
        found = await self._database.rows(_BEGUN_AFTER, (number, shop_no, shop_no, image_id, limit))
        ended = [each for each in map(_ended, found) if each is not None]

        async def unit(session: Session) -> None:
            _write_items(session, number, ended, ItemStatus.BEGUN)

        if ended:
            await self._database.run(unit)
        return (found[-1][0], found[-1][1]) if len(found) == limit else None

    async def left(self, number: int) -> Left:
        ((to_begin, under_way),) = await self._database.rows(_LEFT, (number, number))
        return Left(bool(to_begin), bool(under_way))

    async def _begin(self, session: Session, run: Run, limit: int, offsets: Offsets, now: datetime) -> int:
        items = [item_of(row) for row in await session.rows(_NEXT, (run.number, ItemStatus.PLANNED.value, limit))]
        rows, _ = await lock_rows(session, [item.key for item in items])
        step = begin(items, rows, offsets, now, paused_shops=await paused_shops(session))
        self._write(session, run.number, step, ItemStatus.PLANNED, now)
        return len(step.changes.accepted)

    def _write(self, session: Session, number: int, step: Step, before: ItemStatus, now: datetime) -> None:
        write(session, step.changes, now, self._author)
        _write_items(session, number, step.items, before)


async def _locked(session: Session, number: int) -> Run | None:
    found = await session.rows(f"SELECT {COLUMNS} FROM republish WHERE id = %s FOR UPDATE", (number,))  # noqa: S608 - our own columns
    return run_of(found[0]) if found else None


def _write_items(session: Session, number: int, items: Sequence[Ended], before: ItemStatus) -> None:
    for group in groups(items):
        flat = [value for each in group for value in _written(each)]
        session.enqueue(_WRITE.format(values=values_table(_WRITTEN, len(group))), [*flat, number, before.value])


def _written(ended: Ended) -> tuple[Any, ...]:
    item, former = ended.item, ended.item.former
    before = (former.requested_at, former.error_detail, former.fingerprint, former.judged_by) if former else (None,) * 4
    return *item.key, ended.status.value, ended.code, item.new_version, item.former_code, *before


def _ended(values: Sequence[Any]) -> Ended | None:
    *of_item, version, state, code = values
    item = item_of(of_item)
    status = ended_as(item, CurrentState(version, ImageState(state) if state else None, code))
    return None if status is None else Ended(item, status, code)
