"""Times as text, for machines: ISO 8601 in UTC, with a Z."""

from datetime import datetime
from typing import Literal


def iso_time(at: datetime, timespec: Literal["auto", "seconds", "microseconds"] = "auto") -> str:
    """Return a time (UTC without a zone) as text."""
    return at.isoformat(timespec=timespec) + "Z"


def from_iso_time(text: str) -> datetime:
    """Return the time that `iso_time` wrote. Raises ValueError."""
    return datetime.fromisoformat(text.removesuffix("Z"))
