"""A message to people, and how often its delivery is tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from faust_app.core.alerts.urgency import Urgency
from faust_app.core.failure_codes import Severity
from faust_app.core.retry_after import MAX_RETRY_AFTER

FIRST_AGAIN: Final = timedelta(seconds=5)
LONGEST_AGAIN: Final = timedelta(seconds=60)
LONGEST_REFUSED: Final = timedelta(minutes=10)


class Form(StrEnum):
    """The kind of a message; the value is part of the contract with receivers."""

    ALERT = "alert"  #: one cause
    GROUP = "alerts"  #: several causes at once
    MORE = "more_alerts"  #: all notices left in this hour, one line a cause
    CAUGHT_UP = "caught_up"  #: what a fault delayed is done
    DIGEST = "digest"  #: a day's faults of the shops
    DAILY = "daily"  #: what the daily check found
    REPUBLISH = "republish"  #: how a republish ended
    TEST = "test"  #: sent on request


@dataclass(frozen=True, slots=True)
class Cause:
    """One alert of a message, for machines; `images` and `shops` count its episode."""

    notice: str
    fingerprint: str
    code: str
    host: str | None
    severity: str
    since: datetime
    images: int
    shops: int
    urgency: Urgency = Urgency.TELL


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message: title and text for people, causes for machines. `at` is when it was written (UTC); it wakes if a cause does."""

    form: Form
    at: datetime
    severity: Severity
    title: str
    text: str
    causes: tuple[Cause, ...] = ()
    urgency: Urgency = Urgency.TELL


_JSON: Final = TypeAdapter(AlertMessage)


def new_webhook_id() -> str:
    """Return a random id for a message, by which the receiver knows a repeated delivery (Standard Webhooks: `webhook-id`)."""
    return f"msg_{uuid4().hex}"


def message_json(message: AlertMessage) -> bytes:
    """Return the message as the outbox stores it."""
    return _JSON.dump_json(message)


def message_from_json(value: bytes | str) -> AlertMessage:
    """Return a message that the outbox stored."""
    return _JSON.validate_json(value)


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message to deliver now: `attempts` counts this attempt too, and the webhook id is the same for all of them."""

    number: int
    webhook_id: str
    message: AlertMessage
    attempts: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The messenger accepted the message; `answer` is its response, one line."""

    answer: str

    @property
    def end(self) -> str:
        """The attempt's label in metrics and logs."""
        return "sent"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The messenger did not accept the message.

    `refused` means that it will not accept this from us; otherwise it may later, after `retry_after` seconds if given.
    """

    reason: str
    refused: bool = False
    retry_after: float | None = None

    @property
    def end(self) -> str:
        """The attempt's label in metrics and logs."""
        return "refused" if self.refused else "failed"


def again_after(failed: Undelivered, attempts: int) -> timedelta:
    """Return the delay after attempt number `attempts` (1 and up): 5 s, doubling up to a minute.

    After a refusal it doubles up to ten minutes, since a person has to change something. A longer `retry_after` is honoured up to
    MAX_RETRY_AFTER.
    """
    longest = LONGEST_REFUSED if failed.refused else LONGEST_AGAIN
    wait = min(longest, FIRST_AGAIN * (1 << min(attempts - 1, 10)))
    asked = timedelta(seconds=min(failed.retry_after or 0.0, MAX_RETRY_AFTER))
    return max(wait, asked)
