"""When a worker with work at hand does none of it: told from looks at it, each second, by counting the time that was seen.

Only time between two looks counts, and never more than a little of it: a process that was frozen as a whole (stopped, swapped
out, a machine that slept) looks late when it goes on, and is no stalled one for that.
"""

from dataclasses import dataclass
from typing import Final

EXIT_CODE: Final = 75
"""How a worker ends that ends itself (EX_TEMPFAIL of sysexits.h): start it again."""
LOOK_SECONDS: Final = 1.0
LONGEST_LOOK: Final = 2 * LOOK_SECONDS
"""What two looks that are further apart count."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen in one look. `moves` differs from before when anything was done, `work` says what there is to do."""

    moves: int
    work: str | None
    held_up: bool = False
    """Whether something known keeps the work from being done: a pause, an open breaker, the brake."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What the looks have come to: for how many seconds work was at hand and none was done."""

    moves: int
    at: float
    idle: float = 0.0
    work: str = ""


def look(before: Watch | None, sight: Sight, now: float) -> Watch:
    """Count a look at `now`, in seconds of any clock that never goes back."""
    if before is None or sight.work is None or sight.held_up or sight.moves != before.moves:
        return Watch(sight.moves, now)
    return Watch(sight.moves, now, before.idle + min(now - before.at, LONGEST_LOOK), sight.work)


def is_stalled(watch: Watch, limit: float) -> bool:
    """Tell whether nothing was done for so many seconds."""
    return watch.idle >= limit
