"""What operators set for all workers."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Protocol

from faust_app.core.dispatch.lanes import Lane, LanePause
from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.operators.audit import AuditEntry


class Controls(Protocol):
    """Keeps the pauses of lanes. Raises Unavailable."""

    async def pauses(self) -> Sequence[LanePause]:
        """Return every pause that was set and not lifted, also one whose end has passed."""
        ...

    async def pause(self, pause: LanePause, audit: AuditEntry) -> None:
        """Set a pause in place of the lane's former one, with its audit entry."""
        ...

    async def resume(self, lane: Lane, audit: AuditEntry) -> bool:
        """Lift the pause of a lane, with its audit entry; return whether there was one."""
        ...


class ShopControls(Protocol):
    """Keeps the controls of shops. Raises Unavailable."""

    async def controls(self, shop_no: int | None = None) -> Sequence[ShopControl]:
        """Return every control that was set and not lifted, of one shop or of all, also one whose end has passed.

        By shop and kind. A row whose kind or value this release does not know is left out.
        """
        ...

    async def revision(self) -> Hashable:
        """Return a value that is another one whenever a control was set or lifted: far cheaper than reading thousands of them."""
        ...

    async def set(self, control: ShopControl, audit: AuditEntry) -> None:
        """Set a control in place of the shop's former one of its kind, with its audit entry."""
        ...

    async def lift(self, shop_no: int, kind: ControlKind, audit: AuditEntry) -> bool:
        """Lift a control of a shop, with its audit entry; return whether there was one."""
        ...

    async def resumed_since(self, since: datetime) -> frozenset[int]:
        """Return the shops whose pause was lifted at that time (UTC without a zone) or later, as the audit has it."""
        ...

    async def paused_shops(self) -> frozenset[int]:
        """Return the shops that are paused now, by the database's clock."""
        ...
