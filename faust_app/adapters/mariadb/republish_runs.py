"""The table `republish`: runs, how they are planned, controlled and read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.alert_messages import add_message
from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.controls import paused_shops
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.republish_plan import add_items, known_hosts, matching
from faust_app.core.alerts.message import AlertMessage
from faust_app.core.images.row import ImageKey, ImageState
from faust_app.core.images.transitions.repair import Former
from faust_app.core.messages.positions import Offsets
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.republish.items import REACHED, Item, ItemStatus
from faust_app.core.republish.run import ACTIVE, Draft, ListedItem, RulesOf, Run, RunCounts, RunStatus
from faust_app.core.republish.selection import Selection

COLUMNS: Final = "id, status, selection, rate, reason, planned_by, planned_at, paced_to, started_by, started_at, ended_at"
# A request key that is known already adds nothing. Not INSERT IGNORE: it warns of every duplicate.
_ADD: Final = """
INSERT INTO republish (request_key, selection, selection_hash, status, rate, reason, planned_by, planned_at)
VALUES (%s, %s, %s, 'planned', %s, %s, %s, %s) ON DUPLICATE KEY UPDATE id = id
"""
# Every run of one selection is locked, in the same order, so that of two operators who start the same the second sees the first.
_EQUAL: Final = """
SELECT id, status FROM republish FORCE INDEX (by_selection)
WHERE selection_hash = (SELECT selection_hash FROM republish WHERE id = %s) ORDER BY id FOR UPDATE
"""
_START: Final = """
UPDATE republish SET status = 'running', paced_to = UTC_TIMESTAMP(6), started_by = %s, started_at = UTC_TIMESTAMP(6)
WHERE id = %s AND status = 'planned'
"""
# A pause is not caught up: the rate counts from when the run goes on.
_CHANGE: Final = """
UPDATE republish SET status = %s, paced_to = UTC_TIMESTAMP(6) WHERE id = %s AND status IN ({allowed})
"""
# A plan is watched while an image that was tried is under way.
_WATCHED: Final = f"""
SELECT {COLUMNS} FROM republish WHERE status IN ('running', 'paused', 'cancelling') OR (status = 'planned' AND EXISTS (
    SELECT 1 FROM republish_item i FORCE INDEX (by_status) WHERE i.run_id = republish.id AND i.status = 'begun'))
"""  # noqa: S608 - our own columns
_STEERABLE: Final = {RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.PAUSED}
_END: Final = """
UPDATE republish SET status = %s, ended_at = UTC_TIMESTAMP(6) WHERE id = %s AND status = %s
"""
_COUNT: Final = """
SELECT status, former_state, COUNT(*) FROM republish_item WHERE run_id = %s GROUP BY status, former_state
"""
_SHOPS: Final = (
    "SELECT COUNT(DISTINCT shop_no) FROM republish_item FORCE INDEX (by_status)"  # noqa: S608 - our own words
    f" WHERE run_id = %s AND status IN ({', '.join(repr(status.value) for status in REACHED)})"
)


class MariaRepublishRuns:
    """Implements `flows.ports.republish.RepublishRuns` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(self, draft: Draft, offsets: Offsets, rules_of: RulesOf, audit: AuditEntry) -> Run:
        selection, selected = draft.selection, matching(draft.selection, offsets)

        async def unit(session: Session) -> int:
            now = await session.now()
            values = (draft.request_key, selection.model_dump_json(), selection.digest, draft.rate, draft.reason, audit.actor.name, now)
            if not await session.change(_ADD, values):
                ((number,),) = await session.rows("SELECT id FROM republish WHERE request_key = %s", (draft.request_key,))
                return int(number)
            ((number,),) = await session.rows("SELECT LAST_INSERT_ID()")
            rules = replace(rules_of(await known_hosts(session)), paused_shops=await paused_shops(session))
            add_items(session, number, selection, selected, rules)
            add_audit(session, _at(audit, number, now))
            return int(number)

        return await self._existing(await self._database.run(unit))

    async def get(self, number: int) -> Run | None:
        found = await self._database.rows(f"SELECT {COLUMNS} FROM republish WHERE id = %s", (number,))  # noqa: S608 - our own columns
        return run_of(found[0]) if found else None

    async def newest(self, before: int | None, limit: int) -> list[Run]:
        sql = f"SELECT {COLUMNS} FROM republish WHERE id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608 - as above
        return [run_of(row) for row in await self._database.rows(sql, (2**63 if before is None else before, limit))]

    async def watched(self) -> list[Run]:
        return [run_of(row) for row in await self._database.rows(_WATCHED)]

    async def counts(self, number: int) -> RunCounts:
        by_status: dict[ItemStatus, int] = {}
        by_state: dict[ImageState, int] = {}
        for status, state, count in await self._database.rows(_COUNT, (number,)):
            by_status[ItemStatus(status)] = by_status.get(ItemStatus(status), 0) + count
            by_state[ImageState(state)] = by_state.get(ImageState(state), 0) + count
        ((shops,),) = await self._database.rows(_SHOPS, (number,))
        return RunCounts(by_status, by_state, shops)

    async def items(self, number: int, status: ItemStatus, after: ImageKey | None, limit: int) -> list[ListedItem]:
        sql = (
            "SELECT shop_no, image_id, version, former_state, former_code, new_version, code"
            " FROM republish_item FORCE INDEX (by_status) WHERE run_id = %s AND status = %s"
            " AND (shop_no > %s OR (shop_no = %s AND image_id > %s)) ORDER BY shop_no, image_id LIMIT %s"
        )
        shop_no, image_id = after or (0, b"")
        rows = await self._database.rows(sql, (number, status.value, shop_no, shop_no, image_id, limit))
        return [ListedItem((row[0], row[1]), row[2], ImageState(row[3]), row[4], row[5], row[6]) for row in rows]

    async def start(self, number: int, audit: AuditEntry) -> Run | None:
        async def unit(session: Session) -> int | None:
            active = [found for found, status in await session.rows(_EQUAL, (number,)) if status in ACTIVE]
            if active:
                return int(active[0])
            if not await session.change(_START, (audit.actor.name, number)):
                return None
            add_audit(session, _at(audit, number, await session.now()))
            return number

        running = await self._database.run(unit)
        return None if running is None else await self._existing(running)

    async def change(self, number: int, allowed: Sequence[RunStatus], to: RunStatus, audit: AuditEntry) -> bool:
        sql = _CHANGE.format(allowed=", ".join(["%s"] * len(allowed)))

        async def unit(session: Session) -> bool:
            now = await session.now()
            changed = bool(await session.change(sql, (to.value, number, *(status.value for status in allowed))))
            if changed:
                add_audit(session, _at(audit, number, now))
            return changed

        return await self._database.run(unit)

    async def set_rate(self, number: int, rate: float, audit: AuditEntry) -> bool:
        sql = "UPDATE republish SET rate = %s, paced_to = IF(paced_to IS NULL, NULL, UTC_TIMESTAMP(6)) WHERE id = %s"

        async def unit(session: Session) -> bool:
            found = await session.rows("SELECT status FROM republish WHERE id = %s FOR UPDATE", (number,))
            if not found or found[0][0] not in _STEERABLE:
                return False
            session.enqueue(sql, (rate, number))  # changes nothing where it is the rate already
            add_audit(session, _at(audit, number, await session.now()))
            return True

        return await self._database.run(unit)

    async def end(self, run: Run, to: RunStatus, message: AlertMessage | None) -> bool:
        async def unit(session: Session) -> bool:
            ended = bool(await session.change(_END, (to.value, run.number, run.status.value)))
            if ended and message is not None:
                add_message(session, message)
            return ended

        return await self._database.run(unit)

    async def _existing(self, number: int) -> Run:
        run = await self.get(number)
        if run is None:
            raise LookupError(f"run {number} is gone")
        return run


def run_of(values: Sequence[Any]) -> Run:
    """Build a run from a result of COLUMNS."""
    number, status, selection, rate, reason, planned_by, planned_at, paced_to, started_by, started_at, ended_at = values
    return Run(
        number, RunStatus(status), Selection.model_validate_json(selection), rate, reason, planned_by, planned_at, paced_to,
        started_by, started_at, ended_at,
    )  # fmt: skip


def item_of(values: Sequence[Any]) -> Item:
    """Build an item from its key, version, former state and code, new version, and how its row stood when it was begun."""
    shop_no, image_id, version, state, code, new_version, requested_at, detail, cause, judged_by = values
    former = Former(ImageState(state), requested_at, code, detail, cause, judged_by) if requested_at else None
    return Item((shop_no, image_id), version, ImageState(state), code, new_version, former)


def _at(audit: AuditEntry, number: int, now: datetime) -> AuditEntry:
    return replace(audit, at=now, target=f"republish {number}")
