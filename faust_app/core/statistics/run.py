"""Loads that people ask for: which days, and how far they are."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class StatisticsRun:
    """A load that an operator asked for. `reason` allows days of closed months to change, and is listed with each of them."""

    number: int
    first: date
    last: date
    reason: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    days_done: int = 0
    days_changed: int = 0
    problem: str | None = None

    @property
    def days(self) -> int:
        """How many days it loads."""
        return (self.last - self.first).days + 1
