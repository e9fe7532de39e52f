"""The table `control`: what operators set for all workers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.dispatch.lanes import Lane, LanePause
from faust_app.core.dispatch.shop_controls import RESUME_ACTION, ControlKind, ShopControl, shop_of_target, value_fault
from faust_app.core.operators.audit import AuditEntry

_PAUSES: Final = "SELECT name, reason, actor, paused_at, ends_at FROM control WHERE subject = 'lane' ORDER BY name"
_PAUSE: Final = """
INSERT INTO control (subject, name, reason, actor, paused_at, ends_at) VALUES ('lane', %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE reason = VALUES(reason), actor = VALUES(actor), paused_at = VALUES(paused_at), ends_at = VALUES(ends_at)
"""
_RESUME: Final = "DELETE FROM control WHERE subject = 'lane' AND name = %s"
_OF_SHOPS: Final = "SELECT name, value, reason, actor, paused_at, ends_at FROM control WHERE subject = 'shop'"
_REVISION: Final = """
SELECT COUNT(*), MAX(paused_at), BIT_XOR(CRC32(CONCAT_WS('|', name, value, reason, actor, paused_at, ends_at)))
FROM control WHERE subject = 'shop'
"""
_SET: Final = """
INSERT INTO control (subject, name, value, reason, actor, paused_at, ends_at) VALUES ('shop', %s, %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE value = VALUES(value), reason = VALUES(reason), actor = VALUES(actor), paused_at = VALUES(paused_at),
    ends_at = VALUES(ends_at)
"""
_RESUMED: Final = "SELECT DISTINCT target FROM audit WHERE action = %s AND at >= %s"
_LIFT: Final = "DELETE FROM control WHERE subject = 'shop' AND name = %s"
_PAUSED_SHOPS: Final = """
SELECT name FROM control WHERE subject = 'shop' AND name LIKE '%%:pause' AND (ends_at IS NULL OR ends_at > UTC_TIMESTAMP(6))
"""


class MariaControls:
    """Implements `flows.ports.controls.Controls` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pauses(self) -> list[LanePause]:
        known = {lane.value for lane in Lane}
        return [LanePause(Lane(name), *rest) for name, *rest in await self._database.rows(_PAUSES) if name in known]

    async def pause(self, pause: LanePause, audit: AuditEntry) -> None:
        async def unit(session: Session) -> None:
            session.enqueue(_PAUSE, (pause.lane.value, pause.reason, pause.by, pause.since, pause.until))
            add_audit(session, audit)

        await self._database.run(unit)

    async def resume(self, lane: Lane, audit: AuditEntry) -> bool:
        async def unit(session: Session) -> bool:
            if not await session.change(_RESUME, (lane.value,)):
                return False
            add_audit(session, audit)
            return True

        return await self._database.run(unit)


class MariaShopControls:
    """Implements `flows.ports.controls.ShopControls` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def controls(self, shop_no: int | None = None) -> list[ShopControl]:
        if shop_no is None:
            found = await self._database.rows(_OF_SHOPS)
        else:
            found = await self._database.rows(f"{_OF_SHOPS} AND name LIKE %s", (f"{shop_no}:%",))
        controls = [control for row in found if (control := _control(row)) is not None]
        return sorted(controls, key=lambda each: (each.shop_no, each.kind))

    async def revision(self) -> tuple[Any, ...]:
        ((count, newest, digest),) = await self._database.rows(_REVISION)
        return count, newest, digest

    async def set(self, control: ShopControl, audit: AuditEntry) -> None:
        values = (_name(control.shop_no, control.kind), control.value, control.reason, control.by, control.since, control.until)

        async def unit(session: Session) -> None:
            session.enqueue(_SET, values)
            add_audit(session, audit)

        await self._database.run(unit)

    async def lift(self, shop_no: int, kind: ControlKind, audit: AuditEntry) -> bool:
        async def unit(session: Session) -> bool:
            if not await session.change(_LIFT, (_name(shop_no, kind),)):
                return False
            add_audit(session, audit)
            return True

        return await self._database.run(unit)

    async def resumed_since(self, since: datetime) -> frozenset[int]:
        found = await self._database.rows(_RESUMED, (RESUME_ACTION, since))
        return frozenset(shop_no for (target,) in found if (shop_no := shop_of_target(target)) is not None)

    async def paused_shops(self) -> frozenset[int]:
        return _shops_of(await self._database.rows(_PAUSED_SHOPS, ()))


async def paused_shops(session: Session) -> frozenset[int]:
    """Return the shops that are paused now, within a transaction."""
    return _shops_of(await session.rows(_PAUSED_SHOPS, ()))


def _shops_of(rows: Sequence[Sequence[Any]]) -> frozenset[int]:
    return frozenset(shop_no for (name,) in rows if (shop_no := _shop_no(name)) is not None)


def _name(shop_no: int, kind: ControlKind) -> str:
    return f"{shop_no}:{kind.value}"


def _shop_no(name: str) -> int | None:
    shop = name.partition(":")[0]
    return int(shop) if shop.isascii() and shop.isdecimal() else None


def _control(row: Sequence[Any]) -> ShopControl | None:
    """Build a control from a row; None for one that another release, or a person at the database, has written."""
    name, value, *rest = row
    shop_no, kind = _shop_no(name), name.partition(":")[2]
    if shop_no is None or kind not in set(ControlKind) or value_fault(ControlKind(kind), value) is not None:
        return None
    return ShopControl(shop_no, ControlKind(kind), value, *rest)
