"""One step of the alert sender: from a snapshot of the alerts to what is written about them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from faust_app.core.alerts.alert import Alert, ShopHour, Word, is_over, word_for
from faust_app.core.alerts.message import AlertMessage, Due

SENDER: Final = "alerts"
"""The lease of the one process that decides which messages are sent."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open alert that may be due for a notice, and the shops it hit most within the hour."""

    alert: Alert
    hours: tuple[ShopHour, ...] = ()


@dataclass(frozen=True, slots=True)
class LastDigest:
    """The newest digest: its date in the platform's zone, and when it was written (UTC)."""

    day: date
    started: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A snapshot of the alerts at `now`: candidates, messages of the last hour, and whether one is still undelivered."""

    now: datetime
    candidates: tuple[Candidate, ...] = ()
    sent_in_hour: int = 0
    undelivered: bool = False
    messenger_was_away: bool = False
    last_digest: LastDigest | None = None
    open_by_severity: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What to write in one transaction: a message and its notices, the alerts to close, and the date of a digest."""

    now: datetime
    message: AlertMessage | None = None
    told: tuple[Due, ...] = ()
    closed: tuple[Alert, ...] = ()
    digest: date | None = None


def due_words(standing: Standing) -> list[Due]:
    """Return every notice that is due."""
    words = ((candidate.alert, word_for(candidate.alert, candidate.hours, standing.now)) for candidate in standing.candidates)
    return [Due(alert, word) for alert, word in words if word is not None]


def closes_silently(standing: Standing, *, untold: bool) -> tuple[Alert, ...]:
    """Return the alerts that are over and need no message; with `untold` (there is no messenger) all that are over."""
    over = (candidate for candidate in standing.candidates if is_over(candidate.alert, standing.now))
    return tuple(each.alert for each in over if untold or word_for(each.alert, each.hours, standing.now) is None)


def told_step(standing: Standing, message: AlertMessage, told: tuple[Due, ...]) -> Step:
    """Return the step that sends a message of notices, and closes the alerts that it reports as over."""
    over = tuple(due.alert for due in told if due.word in {Word.CLOSED, Word.WAS_OPEN})
    return Step(standing.now, message, told=told, closed=over)


def digest_step(standing: Standing, message: AlertMessage | None, day: date) -> Step:
    """Return the step that records a date's digest; without a message when there is nothing to report."""
    return Step(standing.now, message, digest=day)
