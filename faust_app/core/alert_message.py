"""A message to people, and which of the things there are to say go into the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from faust_app.core.alert import Alert, Severity, Word

HOURLY: Final = 20
"""Messages an hour at most: who gets more reads none. The last of them sums up whatever is left to say."""
GROUPED_FROM: Final = 4
"""So many things to say at once are one message."""

FIRST_AGAIN: Final = timedelta(seconds=5)
LONGEST_AGAIN: Final = timedelta(seconds=60)
LONGEST_REFUSED: Final = timedelta(minutes=10)
LONGEST_WISH: Final = timedelta(hours=1)


class Form(StrEnum):
    """What kind of message it is; the value is the contract with receivers."""

    ALERT = "alert"  #: one cause
    GROUP = "alerts"  #: several causes at once
    MORE = "more_alerts"  #: what is left to say in this hour, cause by cause in a line
    DIGEST = "digest"  #: the shops' faults of a day
    DAILY = "daily"  #: what the daily check found
    TEST = "test"  #: somebody asked for it


@dataclass(frozen=True, slots=True)
class Cause:
    """One alert of a message, for machines; `images` and `shops` count its episode."""

    word: str
    fingerprint: str
    code: str
    host: str | None
    severity: str
    since: datetime
    images: int
    shops: int


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """What is sent: a title and a text for people, the causes for machines. `at` is when it was written (UTC)."""

    form: Form
    at: datetime
    severity: Severity
    title: str
    text: str
    causes: tuple[Cause, ...] = ()


_JSON: Final = TypeAdapter(AlertMessage)


def message_json(message: AlertMessage) -> bytes:
    """Return the message as it is kept until it is delivered."""
    return _JSON.dump_json(message)


def message_from_json(value: bytes | str) -> AlertMessage:
    """Return a message that was kept."""
    return _JSON.validate_json(value)


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that is to be delivered now, for the `attempts`-th time, always under the same webhook id."""

    number: int
    webhook_id: str
    message: AlertMessage
    attempts: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The messenger took the message; `answer` is what it said, one line."""

    answer: str

    @property
    def word(self) -> str:
        """How the attempt is counted."""
        return "sent"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The messenger did not: `refused` when it will not take this from us, else it may later, after `retry_after` seconds."""

    reason: str
    refused: bool = False
    retry_after: float | None = None

    @property
    def word(self) -> str:
        """How the attempt is counted."""
        return "refused" if self.refused else "failed"


def again_after(failed: Undelivered, attempts: int) -> timedelta:
    """Return how long a message waits after its so-manieth attempt (1 and up): 5 s doubling to a minute.

    After a refusal to ten minutes, since a person has to change something. The messenger's own wish counts up to an hour.
    """
    longest = LONGEST_REFUSED if failed.refused else LONGEST_AGAIN
    wait = min(longest, FIRST_AGAIN * (1 << min(attempts - 1, 10)))
    wish = timedelta(seconds=failed.retry_after or 0)
    return min(max(wait, wish), LONGEST_WISH)


@dataclass(frozen=True, slots=True)
class Due:
    """Something to say."""

    alert: Alert
    word: Word


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the next message says, most urgent first."""

    form: Form
    due: tuple[Due, ...]


def choose(due: Sequence[Due], *, sent_in_hour: int, messenger_was_away: bool) -> Chosen | None:
    """Choose what the next message says; None when there is nothing, or the hour is used up.

    Several things at once, or held back while the messenger was away, are one message. The hour's last message says all
    that is left.
    """
    if not due or sent_in_hour >= HOURLY:
        return None
    ordered = tuple(sorted(due, key=_urgency))
    if sent_in_hour == HOURLY - 1:
        return Chosen(Form.MORE, ordered)
    if len(ordered) >= GROUPED_FROM or (messenger_was_away and len(ordered) > 1):
        return Chosen(Form.GROUP, ordered)
    return Chosen(Form.ALERT, ordered[:1])


def _urgency(due: Due) -> tuple[bool, int, datetime, str]:
    """Sort faults of the platform before those of shops, openings before the rest, then the oldest first."""
    order = (Word.OPENED, Word.WAS_OPEN, Word.GREW, Word.CLOSED)
    return due.alert.severity is Severity.SHOP, order.index(due.word), due.alert.opened_at, due.alert.fingerprint
