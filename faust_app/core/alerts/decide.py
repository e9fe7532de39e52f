"""What the sender of alerts does next: from how the alerts stand to what is written about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from faust_app.core.alerts.alert import Alert
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.alerts.notices import Notice, ShopHour, is_over, notice_for
from faust_app.core.alerts.recovery import Recovery
from faust_app.core.alerts.urgency import Urgency, urgency_of
from faust_app.core.failure_codes import Severity

HOURLY: Final = 20
"""Most messages an hour: people who get more read none. The last one sums up all notices that are left."""
GROUPED_FROM: Final = 4
"""This many notices at once become one message."""


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that is due for an alert, and whether it wakes people."""

    alert: Alert
    notice: Notice
    urgency: Urgency = Urgency.TELL


@dataclass(frozen=True, slots=True)
class Chosen:
    """The notices of the next message, most urgent first."""

    form: Form
    due: tuple[Due, ...]


def choose(due: Sequence[Due], *, sent_in_hour: int, messenger_was_unavailable: bool) -> Chosen | None:
    """Choose the notices of the next message; None when none is due, or the hour's messages are used up.

    Several notices at once, or held back while the messenger was unavailable, are one message. The hour's last message has all
    that are left; after it only what wakes people is sent.
    """
    ordered = tuple(sorted(due, key=_order))
    if sent_in_hour >= HOURLY:
        ordered = tuple(each for each in ordered if each.urgency is Urgency.WAKE)
    if not ordered:
        return None
    if sent_in_hour == HOURLY - 1:
        return Chosen(Form.MORE, ordered)
    if len(ordered) >= GROUPED_FROM or (messenger_was_unavailable and len(ordered) > 1):
        return Chosen(Form.GROUP, ordered)
    return Chosen(Form.ALERT, ordered[:1])


def _order(due: Due) -> tuple[bool, bool, int, datetime, str]:
    """Order what wakes people first, then faults of the platform, openings before the rest, then the oldest first."""
    order = (Notice.OPENED, Notice.LASTS, Notice.WAS_OPEN, Notice.GREW, Notice.CLOSED)
    return (
        due.urgency is Urgency.TELL, due.alert.severity is Severity.SHOP, order.index(due.notice), due.alert.opened_at,
        due.alert.fingerprint,
    )  # fmt: skip


SENDER: Final = "alerts"
"""The lease of the one process that decides which messages are sent."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open alert that may be due for a notice, and the shops it hit most within the hour.

    `is_ours` is whether its failures are the platform's fault, or suspected to be: no shop is blamed for them.
    """

    alert: Alert
    hours: tuple[ShopHour, ...] = ()
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class LastDigest:
    """The newest digest: its date in the platform's zone, and when it was written (UTC)."""

    day: date
    started: datetime


@dataclass(frozen=True, slots=True)
class AlertsSnapshot:
    """A snapshot of the alerts at `now`: candidates, messages of the last hour, and whether one is still undelivered."""

    now: datetime
    candidates: tuple[Candidate, ...] = ()
    sent_in_hour: int = 0
    undelivered: bool = False
    messenger_was_unavailable: bool = False
    last_digest: LastDigest | None = None
    open_by_severity: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What to write in one transaction: a message and its notices, the alerts to close, the date of a digest, ended recoveries."""

    now: datetime
    message: AlertMessage | None = None
    reported: tuple[Due, ...] = ()
    closed: tuple[Alert, ...] = ()
    digest: date | None = None
    recovered: tuple[Recovery, ...] = ()


def due_notices(snapshot: AlertsSnapshot) -> list[Due]:
    """Return every notice that is due."""
    notices = ((candidate.alert, _notice(candidate, snapshot.now)) for candidate in snapshot.candidates)
    return [due_at(alert, notice, snapshot.now) for alert, notice in notices if notice is not None]


def due_at(alert: Alert, notice: Notice, now: datetime) -> Due:
    """Return the notice with its urgency: an alert wakes people once, and never by its end."""
    may_wake = alert.woken_at is None and notice in {Notice.OPENED, Notice.GREW, Notice.LASTS}
    return Due(alert, notice, urgency_of(alert, now) if may_wake else Urgency.TELL)


def _notice(candidate: Candidate, now: datetime) -> Notice | None:
    """Return the notice that is due; of failures that are ours only their end, since the suspicion has an alert of its own."""
    notice = notice_for(candidate.alert, candidate.hours, now)
    return None if candidate.is_ours and notice in {Notice.OPENED, Notice.GREW, Notice.LASTS} else notice


def closes_silently(snapshot: AlertsSnapshot, *, unreported: bool) -> tuple[Alert, ...]:
    """Return the alerts that are over and need no message; with `unreported` (there is no messenger) all that are over."""
    over = (candidate for candidate in snapshot.candidates if is_over(candidate.alert, snapshot.now))
    return tuple(each.alert for each in over if unreported or _notice(each, snapshot.now) is None)


def report_step(snapshot: AlertsSnapshot, message: AlertMessage, reported: tuple[Due, ...]) -> Step:
    """Return the step that sends a message of notices, and closes the alerts that it reports as over."""
    over = tuple(due.alert for due in reported if due.notice in {Notice.CLOSED, Notice.WAS_OPEN})
    return Step(snapshot.now, message, reported=reported, closed=over)


def digest_step(snapshot: AlertsSnapshot, message: AlertMessage | None, day: date) -> Step:
    """Return the step that records a date's digest; without a message when there is nothing to report."""
    return Step(snapshot.now, message, digest=day)
