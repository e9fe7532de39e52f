"""Workers as pages list them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

REPORTED_WITHIN: Final = timedelta(minutes=10)
"""A worker that has not reported for this long is no longer listed."""


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """How many events a worker holds, and what keeps it from starting any, such as an open breaker."""

    held: int = 0
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedWorker:
    """One worker with its release; `stop_reason` says why its intake is stopped. Times are UTC without a zone.

    `held` and `held_by` are its load as of the last report; None where its release does not report it.
    """

    name: str
    release: str
    started_at: datetime
    seen_at: datetime
    stop_reason: str | None
    held: int | None = None
    held_by: str | None = None
