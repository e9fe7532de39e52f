"""What operators set for one shop: a pause, its weight, a cap of its slots, a cap of its images a minute."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import ceil, isfinite
from typing import Any, Final

from faust_app.core.iso_time import iso_time


class ControlKind(StrEnum):
    """What one control sets. A shop has at most one control of each kind."""

    PAUSE = "pause"  #: nothing of the shop starts, and nothing new of it is accepted
    WEIGHT = "weight"  #: its share of the slots, beside that of others
    SLOTS = "slots"  #: the most slots that it holds in each worker
    RATE = "rate"  #: the most of its images that start in a minute, in all workers together


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of a kind, both ends included. `whole` ones have no fraction; `sentence` says what a value does."""

    lowest: float
    highest: float
    whole: bool
    sentence: str

    @property
    def range(self) -> str:
        """Both ends, for people."""
        return f"{self.lowest:,g} to {self.highest:,.0f}"


SCALES: Final[Mapping[ControlKind, Scale]] = {
    ControlKind.WEIGHT: Scale(0.1, 10, whole=False, sentence="has weight {}"),
    ControlKind.SLOTS: Scale(1, 1_000, whole=True, sentence="has at most {} slots in each worker"),
    ControlKind.RATE: Scale(1, 100_000, whole=True, sentence="starts at most {} images a minute"),
}
"""The scale of each kind that takes a value; a pause takes none."""
RESUME_ACTION: Final = "shop.resume"
"""The action under which the audit has a lifted pause."""
_TARGET: Final = "shop "


@dataclass(frozen=True, slots=True)
class ShopControl:
    """One control of one shop. Times are UTC without a zone; without `until` it holds until somebody lifts it."""

    shop_no: int
    kind: ControlKind
    value: float | None
    reason: str
    by: str
    since: datetime
    until: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        """Return whether its end is still to come."""
        return self.until is None or now < self.until

    @property
    def effect(self) -> str:
        """What it does to the shop, for people: a verb and its object."""
        if self.kind is ControlKind.PAUSE or self.value is None:
            return "is paused"
        return SCALES[self.kind].sentence.format(f"{self.value:,.6g}" if self.value % 1 else f"{self.value:,.0f}")

    @property
    def sentence(self) -> str:
        """The whole control, for operators."""
        return f"the shop {self.shop_no} {self.effect}, set by {self.by}{self._end}: {self.reason}"

    @property
    def refusal(self) -> str:
        """Why a pause refuses what is sent, for senders: without the name of an operator."""
        return f"shop {self.shop_no} is paused{self._end}: {self.reason}"

    @property
    def _end(self) -> str:
        return f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until is not None else ""


@dataclass(frozen=True, slots=True)
class ShopLimits:
    """What holds for one shop now, in one worker. `per_second` is how many of its images may start there in a second."""

    paused: bool = False
    weight: float = 1.0
    slots: int | None = None
    per_second: float | None = None


UNLIMITED: Final = ShopLimits()


def unlimited(_shop: int) -> ShopLimits:
    """Return no limits: the default where no operator has set any."""
    return UNLIMITED


RETRY_SECONDS: Final = 300
"""When a sender may try again while a pause has no end."""
MAX_RETRY_SECONDS: Final = 3_600


def holding_at(controls: Iterable[ShopControl], now: datetime) -> Sequence[ShopControl]:
    """Return the controls that hold at this time, in their order."""
    return [control for control in controls if control.holds_at(now)]


def target_of(shop_no: int) -> str:
    """Return the target under which the audit has a change of the shop's controls."""
    return f"{_TARGET}{shop_no}"


def shop_of_target(target: str) -> int | None:
    """Return the shop of such a target, None for a target of another kind."""
    number = target.removeprefix(_TARGET)
    return int(number) if target.startswith(_TARGET) and number.isascii() and number.isdecimal() else None


def send_again_after(pause: ShopControl, now: datetime) -> int:
    """Return in how many seconds a sender may try again: at the end of the pause, within the hour; it may be lifted earlier."""
    if pause.until is None:
        return RETRY_SECONDS
    return min(max(1, ceil((pause.until - now).total_seconds())), MAX_RETRY_SECONDS)


def limits_at(controls: Iterable[ShopControl], now: datetime, workers: int) -> Mapping[int, ShopLimits]:
    """Return what holds at this time for each shop that has a control; any other shop is UNLIMITED.

    `workers` are alive and share the images a minute alike. None counts as one: a worker that reads this is alive, though its
    heartbeat may not be written yet.
    """
    limits: dict[int, ShopLimits] = {}
    for control in holding_at(controls, now):
        limits[control.shop_no] = _with(limits.get(control.shop_no, UNLIMITED), control, max(1, workers))
    return limits


def value_fault(kind: ControlKind, value: float | None) -> str | None:
    """Return what is wrong with a value of this kind, None if nothing is."""
    scale = SCALES.get(kind)
    if scale is None:
        return None if value is None else f"is not taken by a {kind}"
    number = "whole number" if scale.whole else "number"
    expected = f"must be a {number} from {scale.range}"
    if value is None:
        return expected
    if not isfinite(value) or not scale.lowest <= value <= scale.highest or (scale.whole and value % 1):
        return expected
    return None


def shop_control_json(control: ShopControl) -> dict[str, Any]:
    """Return a control as a JSON object, as the interface and the command line show it; times in UTC."""
    return {
        "shop_no": control.shop_no,
        "kind": control.kind.value,
        "value": shown_value(control),
        "reason": control.reason,
        "by": control.by,
        "since": iso_time(control.since, "microseconds"),
        "until": None if control.until is None else iso_time(control.until, "microseconds"),
    }


def shown_value(control: ShopControl) -> float | int | None:
    """Return the value as people write it: whole where its kind is."""
    scale = SCALES.get(control.kind)
    return int(control.value) if scale is not None and scale.whole and control.value is not None else control.value


def _with(limits: ShopLimits, control: ShopControl, workers: int) -> ShopLimits:
    """Return the limits with one control more; a value that its kind does not take changes nothing."""
    if value_fault(control.kind, control.value) is not None:
        return limits
    match control.kind, control.value:
        case ControlKind.PAUSE, _:
            return replace(limits, paused=True)
        case ControlKind.WEIGHT, float() | int() as value:
            return replace(limits, weight=float(value))
        case ControlKind.SLOTS, float() | int() as value:
            return replace(limits, slots=int(value))
        case ControlKind.RATE, float() | int() as value:
            return replace(limits, per_second=value / 60 / workers)
    return limits
