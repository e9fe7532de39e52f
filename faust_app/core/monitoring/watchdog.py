"""Detects a worker that has work but makes no progress.

It sums the time between samples, at most LONGEST_SAMPLE each: a process that was frozen as a whole (stopped, swapped out, on a
machine that slept) takes its next sample late, but is not stalled.
"""

from dataclasses import dataclass
from typing import Final

EXIT_CODE: Final = 75
"""Exit code of a worker that ends itself (EX_TEMPFAIL of sysexits.h): its process manager should restart it."""
SAMPLE_SECONDS: Final = 1.0
LONGEST_SAMPLE: Final = 2 * SAMPLE_SECONDS
"""The most that the time between two samples counts."""


@dataclass(frozen=True, slots=True)
class ProgressSample:
    """One sample of a worker. `progress_count` differs from before if there was any progress, `work` says what there is to do."""

    progress_count: int
    work: str | None
    held_up: bool = False
    """Whether something known blocks the work: a pause, an open breaker, the internal error breaker."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The sum of the samples: for how many seconds there was work and no progress."""

    progress_count: int
    at: float
    idle: float = 0.0
    work: str = ""


def observe(before: Watch | None, sample: ProgressSample, now: float) -> Watch:
    """Add a sample taken at `now`, in seconds of a monotonic clock."""
    if before is None or sample.work is None or sample.held_up or sample.progress_count != before.progress_count:
        return Watch(sample.progress_count, now)
    return Watch(sample.progress_count, now, before.idle + min(now - before.at, LONGEST_SAMPLE), sample.work)


def made_no_progress(watch: Watch, limit: float) -> bool:
    """Return whether there was no progress for `limit` seconds."""
    return watch.idle >= limit
