"""A run of a republish: its life, its pace, and its counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.images.row import ImageKey, ImageState
from faust_app.core.republish.items import ENDED, SKIPPED, ItemStatus, TodaysRules
from faust_app.core.republish.selection import Selection

MIN_RATE: Final = 1.0
MAX_RATE: Final = 1000.0
DEFAULT_RATE: Final = 50.0
"""Images a second. A worker on two cores stores a few hundred."""
TYPED_ABOVE: Final = 1000
"""A run of more images starts only when their number is typed."""
PLAN_LASTS: Final = timedelta(hours=1)
"""A plan that is older has to be made anew: too many of its images have moved on."""
_LONGEST_PASS: Final = timedelta(seconds=2)
"""Time that is caught up after a pass came late: the rest of it is not used."""


class RunStatus(StrEnum):
    """The life of a run."""

    PLANNED = "planned"  #: nothing happens until it is started
    RUNNING = "running"  #: images are begun at its rate, and watched until they have ended
    PAUSED = "paused"  #: none is begun; what was begun is watched
    CANCELLING = "cancelling"  #: what is begun and has no outcome is taken back
    CANCELLED = "cancelled"
    FINISHED = "finished"  #: every image has ended


ACTIVE: Final = (RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLING)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Times are UTC without a zone; `rate` is images a second, `paced_to` the time up to which it is used."""

    number: int
    status: RunStatus
    selection: Selection
    rate: float
    reason: str | None
    planned_by: str
    planned_at: datetime
    paced_to: datetime | None = None
    started_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


RulesOf = Callable[[set[str]], TodaysRules]
"""Returns today's rules, on these hosts."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an operator asks for; `request_key` marks a repeated request, which gets the run of the first."""

    selection: Selection
    rate: float = DEFAULT_RATE
    reason: str | None = None
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One image of a run as lists show it; `code` is that of the failure it ended with."""

    key: ImageKey
    version: int
    former_state: ImageState
    former_code: str | None
    new_version: int | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """What a run still has to do."""

    to_begin: bool
    under_way: bool


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Images of a run by status, all that matched by the state they had, and how many shops it reaches."""

    by_status: Mapping[ItemStatus, int]
    by_state: Mapping[ImageState, int] = field(default_factory=dict)
    shops: int = 0

    def __getitem__(self, status: ItemStatus) -> int:
        return self.by_status.get(status, 0)

    @property
    def to_begin(self) -> int:
        """Images that wait for their turn."""
        return self[ItemStatus.PLANNED]

    @property
    def under_way(self) -> int:
        """Images that were begun and have no outcome yet."""
        return self[ItemStatus.BEGUN]

    @property
    def ended(self) -> int:
        """Images that have ended, in whatever way."""
        return sum(self[status] for status in ENDED)

    @property
    def skipped(self) -> int:
        """Images that are left out."""
        return sum(self[status] for status in SKIPPED)

    @property
    def images(self) -> int:
        """Images that the run is about: all that matched but those left out."""
        return self.to_begin + self.under_way + self.ended


def seconds_left(run: Run, counts: RunCounts) -> float:
    """Return how long the run still begins images, at its rate."""
    return counts.to_begin / run.rate


def allowance(run: Run, now: datetime) -> int:
    """Return how many images may begin now so that the rate is never exceeded, counted from the start or the last change of it."""
    if run.status is not RunStatus.RUNNING or run.paced_to is None:
        return 0
    unused = min(now - run.paced_to, _LONGEST_PASS)
    return max(0, int(unused.total_seconds() * run.rate))


def paced(run: Run, now: datetime, begun: int) -> datetime:
    """Return the time up to which the rate is used after so many images were begun at `now`."""
    since = now - _LONGEST_PASS if run.paced_to is None else max(run.paced_to, now - _LONGEST_PASS)
    return min(now, since + timedelta(seconds=begun / run.rate))


def needs_typed_count(counts: RunCounts) -> bool:
    """Return whether the number of images has to be typed to start the run."""
    return counts.to_begin > TYPED_ABOVE
