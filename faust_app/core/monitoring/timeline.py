"""What happened, one line each, of every kind that an operator looks back at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Happened(StrEnum):
    """What kind of thing happened."""

    ALERT = "alert"
    REPUBLISH = "republish"
    IMPORT = "import"
    RELEASE = "release"
    JOB = "job"
    LOG_IN = "log-in"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: when (UTC), of which kind, in words, by whom, and the page that says more."""

    at: datetime
    kind: Happened
    text: str
    who: str | None = None
    link: str | None = None
