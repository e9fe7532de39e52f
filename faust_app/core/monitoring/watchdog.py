"""Detects a worker that has work but makes no progress.

It sums the time between samples, at most LONGEST_LOOK each: a process that was frozen as a whole (stopped, swapped out, on a
machine that slept) takes its next sample late, but is not stalled.
"""

from dataclasses import dataclass
from typing import Final

EXIT_CODE: Final = 75
"""Exit code of a worker that ends itself (EX_TEMPFAIL of sysexits.h): its process manager should restart it."""
LOOK_SECONDS: Final = 1.0
LONGEST_LOOK: Final = 2 * LOOK_SECONDS
"""The most that the time between two samples counts."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One sample of a worker. `moves` differs from before if there was any progress, `work` says what there is to do."""

    moves: int
    work: str | None
    held_up: bool = False
    """Whether something known blocks the work: a pause, an open breaker, the internal error breaker."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The sum of the samples: for how many seconds there was work and no progress."""

    moves: int
    at: float
    idle: float = 0.0
    work: str = ""


def look(before: Watch | None, sight: Sight, now: float) -> Watch:
    """Add a sample taken at `now`, in seconds of a monotonic clock."""
    if before is None or sight.work is None or sight.held_up or sight.moves != before.moves:
        return Watch(sight.moves, now)
    return Watch(sight.moves, now, before.idle + min(now - before.at, LONGEST_LOOK), sight.work)


def is_stalled(watch: Watch, limit: float) -> bool:
    """Return whether there was no progress for `limit` seconds."""
    return watch.idle >= limit
