"""What an operator does with a shop: pauses it, weighs it, caps its slots or its images a minute; and lifts that again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.dispatch.lanes import reason_fault
from faust_app.core.dispatch.shop_controls import RESUME_ACTION, ControlKind, ShopControl, holding_at, shown_value, target_of, value_fault
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.controls import ShopControls

LONGEST_PAUSE: Final = timedelta(days=7)
"""Longest pause with an end: Kafka keeps events of a lane for seven days."""
LONGEST: Final = timedelta(days=366)
"""Longest end of any other control; one that is meant to stay has none."""


@dataclass(frozen=True, slots=True)
class ControlDraft:
    """What an operator asks for. It holds until a time (UTC without a zone), for a time, or until it is lifted."""

    kind: ControlKind
    value: float | None
    reason: str
    until: datetime | timedelta | None = None


class ControlRefusedError(ValueError):
    """A control that cannot be set; `field` (value, reason or until) is what is wrong, the message why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class ShopDesk:
    """Shows and sets the controls of shops, each change with its audit entry. Every method raises Unavailable."""

    def __init__(self, controls: ShopControls, *, clock: Clock) -> None:
        self._controls = controls
        self._clock = clock

    async def controls(self, shop_no: int | None = None) -> Sequence[ShopControl]:
        """Return the controls that hold now, of one shop or of all, by shop and kind."""
        return holding_at(await self._controls.controls(shop_no), await self._clock.now())

    async def pause_of(self, shop_no: int) -> ShopControl | None:
        """Return the pause of the shop that holds now, None if nothing pauses it."""
        return next((each for each in await self.controls(shop_no) if each.kind is ControlKind.PAUSE), None)

    async def set(self, shop_no: int, draft: ControlDraft, actor: Actor) -> ShopControl:
        """Set a control in every worker, in place of the shop's former one of its kind.

        Raises ControlRefusedError for the draft's `value`, `reason` and `until`.
        """
        kind = draft.kind
        if fault := value_fault(kind, draft.value):
            raise ControlRefusedError("value", fault)
        if fault := reason_fault(draft.reason, "control"):
            raise ControlRefusedError("reason", fault)
        now = await self._clock.now()
        ends = _end(kind, draft.until, now)
        control = ShopControl(shop_no, kind, draft.value, draft.reason.strip(), actor.name, now, ends)
        lasts = None if ends is None else round((ends - now).total_seconds())
        detail = {"value": shown_value(control), "reason": control.reason, "seconds": lasts}
        await self._controls.set(control, AuditEntry(now, actor, f"shop.{kind}", target_of(shop_no), detail))
        return control

    async def lift(self, shop_no: int, kind: ControlKind, actor: Actor) -> bool:
        """Lift a control of a shop in every worker; return whether there was one."""
        action = RESUME_ACTION if kind is ControlKind.PAUSE else f"shop.{kind}-lift"
        return await self._controls.lift(shop_no, kind, AuditEntry(await self._clock.now(), actor, action, target_of(shop_no)))


def _end(kind: ControlKind, until: datetime | timedelta | None, now: datetime) -> datetime | None:
    """Return when the control ends. Raises ControlRefusedError."""
    if until is None:
        return None
    lasts = until if isinstance(until, timedelta) else until - now
    longest, why = (LONGEST_PAUSE, ", for so long Kafka keeps events") if kind is ControlKind.PAUSE else (LONGEST, "")
    if lasts <= timedelta():
        raise ControlRefusedError("until", "must be in the future")
    if lasts > longest:
        raise ControlRefusedError("until", f"must be at most {longest.days} days ahead{why}")
    return now + lasts
