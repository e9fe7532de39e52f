"""Workers as pages list them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ListedWorker:
    """One worker with its release; `stop_reason` says why its intake is stopped. Times are UTC without a zone."""

    name: str
    release: str
    started_at: datetime
    seen_at: datetime
    stop_reason: str | None
