"""The lanes that workers read, and who paused one: its events wait, and nothing of them is lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from faust_app.core.iso_time import iso_time

REASON_CHARACTERS: Final = 200


class Lane(StrEnum):
    """A lane, by the role of its topic."""

    EXPRESS = "express"  #: the few changes that a shop makes now and then
    BULK = "bulk"  #: what a shop requests beyond that, catalogues, and repairs
    RETRY = "retry"  #: what failed, and is due again


@dataclass(frozen=True, slots=True)
class LanePause:
    """An operator's pause of a lane. Times are UTC without a zone; without `until` it lasts until somebody resumes the lane."""

    lane: Lane
    reason: str
    by: str
    since: datetime
    until: datetime | None = None

    @property
    def sentence(self) -> str:
        """What it holds up, for people."""
        end = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until is not None else ""
        return f"the lane {self.lane} is paused by {self.by}{end}: {self.reason}"


def paused_at(pauses: Iterable[LanePause], now: datetime) -> Mapping[Lane, LanePause]:
    """Return the pauses that hold at this time, by their lane."""
    return {pause.lane: pause for pause in pauses if pause.until is None or now < pause.until}


def hours_of(text: str) -> timedelta:
    """Return so many hours. Raises ValueError for what is no number, and for one that no time is made of: nan, inf, 1e300."""
    try:
        return timedelta(hours=float(text))
    except (ValueError, OverflowError):
        raise ValueError("must be a number of hours") from None


def reason_fault(reason: str, what: str = "pause") -> str | None:
    """Return what is wrong with the reason of a pause, or of what is named, None if nothing is."""
    if not reason.strip():
        return f"is needed: whoever meets the {what} reads it"
    if len(reason) > REASON_CHARACTERS or not reason.isprintable():
        return f"must be at most {REASON_CHARACTERS} printable characters"
    return None


def lane_json(lane: Lane, pause: LanePause | None) -> dict[str, Any]:
    """Return a lane as a JSON object, as the interface and the command line show it; times in UTC."""
    if pause is None:
        return {"lane": lane.value, "paused": None}
    until = None if pause.until is None else iso_time(pause.until, "microseconds")
    return {
        "lane": lane.value,
        "paused": {"by": pause.by, "reason": pause.reason, "since": iso_time(pause.since, "microseconds"), "until": until},
    }
