"""Samples of how the installation does, one a minute, and the curves that pages draw from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

EVERY: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=8)
"""A week can be compared with the one before, by the day."""
CURVE: Final = timedelta(hours=24)
POINTS: Final = 96
"""Slots of a curve: a quarter of an hour each."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How things were in a minute (`at`, its beginning, UTC): records behind, the age of the oldest in seconds, images.

    `done` and `failed` ended since the sample before. None is what was not known.
    """

    at: datetime
    behind: int | None = None
    oldest_seconds: float | None = None
    stalled: int | None = None
    failed_images: int | None = None
    done: int = 0
    failed: int = 0
    pictureless: int | None = None
    """Products of which a picture was sent and none is shown; counted every ten minutes."""


def minute_of(now: datetime) -> datetime:
    """Return the minute that a time lies in."""
    return now.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over 24 h in slots, oldest first; None where nothing was sampled."""

    slots: tuple[float | None, ...]

    @property
    def most(self) -> float:
        """The largest value, 0 without any."""
        return max((value for value in self.slots if value is not None), default=0.0)

    @property
    def last(self) -> float | None:
        """The newest value that is known."""
        return next((value for value in reversed(self.slots) if value is not None), None)

    def heights(self, tallest: int) -> list[tuple[int, float, float]]:
        """Return position, value and height of each known slot, the largest `tallest` high; what is not 0 is at least 1 high."""
        most = self.most
        known = [(place, value) for place, value in enumerate(self.slots) if value is not None]
        return [(place, value, max(1.0, tallest * value / most) if value else 0.0) for place, value in known]


def sums(samples: Sequence[Sample], read: Callable[[Sample], int], now: datetime) -> Curve:
    """Return the curve of what happened, summed by slot."""
    return Curve(tuple(None if slot is None else float(sum(map(read, slot))) for slot in _slots(samples, now)))


def peaks(samples: Sequence[Sample], read: Callable[[Sample], float | None], now: datetime) -> Curve:
    """Return the curve of how things stood, the worst of each slot."""
    values = ([value for each in slot or () if (value := read(each)) is not None] for slot in _slots(samples, now))
    return Curve(tuple(max(slot) if slot else None for slot in values))


def _slots(samples: Sequence[Sample], now: datetime) -> list[list[Sample] | None]:
    width = CURVE / POINTS
    slots: list[list[Sample] | None] = [None] * POINTS
    for sample in samples:
        place = POINTS - 1 - (now - sample.at) // width
        if 0 <= place < POINTS:
            slots[place] = [*(slots[place] or ()), sample]
    return slots
