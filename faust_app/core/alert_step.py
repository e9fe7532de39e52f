"""One step of the sender: from how the alerts stand to what is written about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from faust_app.core.alert import Alert, ShopHour, Word, is_over, word_for
from faust_app.core.alert_message import AlertMessage, Due


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open alert about which there may be something to say, and the shops it hit most within the hour."""

    alert: Alert
    hours: tuple[ShopHour, ...] = ()


@dataclass(frozen=True, slots=True)
class LastDigest:
    """The newest digest: the platform's date it was for, and when it was written (UTC)."""

    day: date
    started: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at `now`: the candidates, the messages of the last hour, and whether one is still undelivered."""

    now: datetime
    candidates: tuple[Candidate, ...] = ()
    sent_in_hour: int = 0
    undelivered: bool = False
    messenger_was_away: bool = False
    last_digest: LastDigest | None = None
    open_by_severity: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What to write in one transaction: the message, what it tells, the alerts that close, and a digest's day."""

    now: datetime
    message: AlertMessage | None = None
    told: tuple[Due, ...] = ()
    closed: tuple[Alert, ...] = ()
    digest: date | None = None


def due_words(standing: Standing) -> list[Due]:
    """Return everything there is to say."""
    words = ((candidate.alert, word_for(candidate.alert, candidate.hours, standing.now)) for candidate in standing.candidates)
    return [Due(alert, word) for alert, word in words if word is not None]


def closes_silently(standing: Standing) -> tuple[Alert, ...]:
    """Return the alerts that are over and were never to be told."""
    alerts = [(candidate.alert, candidate.hours) for candidate in standing.candidates]
    return tuple(alert for alert, hours in alerts if is_over(alert, standing.now) and word_for(alert, hours, standing.now) is None)


def closing(told: Sequence[Due]) -> tuple[Alert, ...]:
    """Return the alerts that a message tells to be over."""
    return tuple(due.alert for due in told if due.word in {Word.CLOSED, Word.WAS_OPEN})
