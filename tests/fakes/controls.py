"""The controls of lanes and shops, in memory."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from faust_app.core.dispatch.lanes import Lane, LanePause
from faust_app.core.dispatch.shop_controls import RESUME_ACTION, ControlKind, ShopControl, shop_of_target
from faust_app.core.operators.audit import AuditEntry


class FakeControls:
    """Implements `flows.ports.controls.Controls`; `audit` is what was written with the changes."""

    def __init__(self) -> None:
        self.set: dict[Lane, LanePause] = {}
        self.audit: list[AuditEntry] = []

    async def pauses(self) -> list[LanePause]:
        return [pause for _, pause in sorted(self.set.items())]

    async def pause(self, pause: LanePause, audit: AuditEntry) -> None:
        self.set[pause.lane] = pause
        self.audit.append(audit)

    async def resume(self, lane: Lane, audit: AuditEntry) -> bool:
        if self.set.pop(lane, None) is None:
            return False
        self.audit.append(audit)
        return True


class FakeShopControls:
    """Implements `flows.ports.controls.ShopControls`; `audit` is what was written with the changes."""

    def __init__(self, now: Callable[[], Awaitable[datetime]]) -> None:
        self._now = now
        self.kept: dict[tuple[int, ControlKind], ShopControl] = {}
        self.audit: list[AuditEntry] = []

    async def controls(self, shop_no: int | None = None) -> list[ShopControl]:
        return [control for (shop, _), control in sorted(self.kept.items()) if shop_no in {None, shop}]

    async def revision(self) -> tuple[ShopControl, ...]:
        return tuple(await self.controls())

    async def set(self, control: ShopControl, audit: AuditEntry) -> None:
        self.kept[control.shop_no, control.kind] = control
        self.audit.append(audit)

    async def lift(self, shop_no: int, kind: ControlKind, audit: AuditEntry) -> bool:
        if self.kept.pop((shop_no, kind), None) is None:
            return False
        self.audit.append(audit)
        return True

    async def resumed_since(self, since: datetime) -> frozenset[int]:
        lifted = [each for each in self.audit if each.action == RESUME_ACTION and each.at >= since]
        return frozenset(shop_no for each in lifted if (shop_no := shop_of_target(each.target)) is not None)

    async def paused_shops(self) -> frozenset[int]:
        now = await self._now()
        return frozenset(shop for (shop, kind), each in self.kept.items() if kind is ControlKind.PAUSE and each.holds_at(now))
