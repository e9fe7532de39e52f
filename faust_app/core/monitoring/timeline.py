"""What happened, one line each, of every kind that an operator looks back at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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


def page_of(happened: Sequence[Happening], limit: int) -> tuple[list[Happening], datetime | None]:
    """Return a page of about `limit` of one more thing than that, newest first, and until when the next page reaches; None at the end.

    What happened at the moment where the page is cut belongs to the next page as a whole: nothing is left out or told twice. More than
    `limit` things of one moment fit no page; the rest of them is left out.
    """
    if len(happened) <= limit:
        return list(happened), None
    cut = happened[limit].at
    page = [each for each in happened if each.at > cut]
    return (page, cut) if page else (list(happened[:limit]), cut - timedelta(microseconds=1))
