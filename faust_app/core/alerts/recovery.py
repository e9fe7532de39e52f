"""What a fault of the platform leaves to do: *back* tells how long that takes, *caught up* what was delayed and what has failed.

An image counts as held up while it was asked for before the fault was over, is not done, and waits for us and not for its source.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
from urllib.parse import urlencode

from faust_app.core.alerts.advice import advise
from faust_app.core.alerts.alert import Alert, FaultKind, fault_kind
from faust_app.core.alerts.message import AlertMessage, Cause, Form
from faust_app.core.failure_codes import FailureCode, Severity
from faust_app.core.text import Place, counted, cut, duration, zoned_time

MEASURED_FOR: Final = timedelta(seconds=20)
"""A rate measured over less time says nothing: workers begin again one by one."""
LONGEST: Final = timedelta(hours=6)
"""After this long people are told what is left, even if it is not nothing: something else holds it up."""

BACK: Final = {
    FaultKind.DEPENDENCY_STORAGE: "Object storage is available again",
    FaultKind.DEPENDENCY_DATABASE: "The database is available again",
    FaultKind.DEPENDENCY_KAFKA: "Kafka acknowledges records again",
    FaultKind.EGRESS: "Sources are reachable again",
    FaultKind.INTERNAL_ERROR_BREAKER: "The worker takes images again",
    FaultKind.LATE_JOBS: "Due work is done again",
    FaultKind.SUSPECTED_OURS: "The suspicion against a release is over",
}
"""The faults that delay or fail images of many shops, and what is said when they are over."""

_LOST: Final = (FailureCode.LOST_REPEATEDLY.value,)
_FAILED_BY: Final = {
    FaultKind.DEPENDENCY_STORAGE: _LOST,
    FaultKind.DEPENDENCY_DATABASE: _LOST,
    FaultKind.DEPENDENCY_KAFKA: _LOST,
    FaultKind.EGRESS: tuple(
        code.value
        for code in (
            FailureCode.SOURCE_TIMEOUT, FailureCode.SOURCE_UNKNOWN_HOST, FailureCode.SOURCE_UNREACHABLE, FailureCode.HOST_DOWN,
        )
    ),
    FaultKind.INTERNAL_ERROR_BREAKER: (FailureCode.INTERNAL_ERROR.value, *_LOST),
    FaultKind.LATE_JOBS: (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recovery:
    """A fault that is over: since when it was there, until when, and `delayed` images that it held up, from `counted_at` on."""

    alert: Alert
    ended_at: datetime
    delayed: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is left of the images that a fault held up: `left` of `delayed`, done at `rate` images a second where it is known.

    `failed` counts the images that failed because of it, once nothing is left; `republish` is the path that publishes them again.
    """

    delayed: int
    left: int
    rate: float | None = None
    failed: int = 0
    republish: str | None = None

    @property
    def time_left(self) -> timedelta | None:
        """The time until nothing is left, None where no rate is known."""
        return timedelta(seconds=self.left / self.rate) if self.rate else None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is told when a fault is recovered from: images failed because of it, and images that wait for their sources.

    `release` is the one that failed them, where the fault is a suspicion against a release.
    """

    failed: int
    waiting: int
    release: str | None = None


class Stage(Enum):
    """Where a recovery stands."""

    NOT_TOLD = auto()  #: people do not know yet that the fault is over
    RETURNED = auto()  #: the fault is there again: the next end is recovered from
    UNDER_WAY = auto()
    CAUGHT_UP = auto()  #: nothing is left, or it takes too long to wait for


def recovers(alert: Alert) -> bool:
    """Return whether the end of this alert is followed: a fault that was told, is over, and held up or failed images."""
    return fault_kind(alert) in BACK and alert.ended_at is not None and alert.reported_count > 0


def holds_up(alert: Alert) -> bool:
    """Return whether images wait while the fault is there; a bad release fails them instead."""
    return fault_kind(alert) is not FaultKind.SUSPECTED_OURS


def stage_of(recovery: Recovery, episode: int, left: int, now: datetime) -> Stage:
    """Return where the recovery of an alert stands, whose row is at `episode` now and is as given."""
    alert = recovery.alert
    if alert.episode != episode:
        return Stage.RETURNED
    if alert.closed_at is None:
        return Stage.NOT_TOLD
    return Stage.CAUGHT_UP if not left or now - recovery.ended_at >= LONGEST else Stage.UNDER_WAY


def backlog_of(recovery: Recovery, left: int, now: datetime) -> Backlog:
    """Return the backlog with the rate at which it was worked off since it was counted first."""
    elapsed = now - recovery.counted_at
    done = max(recovery.delayed - left, 0)
    return Backlog(recovery.delayed, left, done / elapsed.total_seconds() if done and elapsed >= MEASURED_FOR else None)


def failed_by(alert: Alert) -> tuple[str, ...]:
    """Return the codes of images that fail because of the fault."""
    kind = fault_kind(alert)
    if kind is FaultKind.SUSPECTED_OURS:
        return (alert.subject,) if alert.subject else ()
    return _FAILED_BY.get(kind, ()) if kind is not None else ()


def span_text(span: timedelta) -> str:
    """Return a span that is estimated in words."""
    return ("about " if span >= timedelta(minutes=1) else "") + duration(span)


def back_text(backlog: Backlog, place: Place) -> str:
    """Return what is left to do now that a fault is over, and how long that takes."""
    if not backlog.left:
        again = f"; publish them again: {place.web_url or ''}{backlog.republish}" if backlog.republish else ""
        # Counting begins some seconds after the end: what is done by then was held up, but nobody knows how many they were.
        delayed = f"{counted(backlog.delayed, 'image')} delayed, " if backlog.delayed else ""
        return f"caught up: {delayed}{backlog.failed:,} failed because of it, 0 left to do{again}."
    left = f"{counted(backlog.left, 'image')} left to do"
    time_left = backlog.time_left
    if time_left is None:
        return f"{left}; the rate is not known yet. A message follows when they are done."
    return f"{left}, {span_text(time_left)} at {backlog.rate:,.1f} images a second. A message follows when they are done."


def republish_path(alert: Alert, aftermath: Aftermath, until: datetime) -> str | None:
    """Return the page that publishes what failed because of the fault again, None where nothing did."""
    if not aftermath.failed:
        return None
    by = {"since": f"{alert.opened_at:%Y-%m-%dT%H:%M:%S}", "until": f"{until + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"}
    if aftermath.release is not None:  # it failed images before it was suspected
        by = {"judged_by": aftermath.release}
    return f"/admin/republish?{urlencode({'state': 'failed', 'codes': ' '.join(failed_by(alert)), **by})}"


def caught_up_message(recovery: Recovery, left: int, aftermath: Aftermath, place: Place, now: datetime) -> AlertMessage:
    """Write what is told when a fault is recovered from."""
    alert = recovery.alert
    kind = fault_kind(alert)
    what = BACK[kind] if kind in BACK else advise(alert).what
    failed, zone = counted(aftermath.failed, "image"), place.zone
    left_to_do = left + aftermath.waiting
    title = f"[caught up] {what}: {counted(recovery.delayed, 'image')} delayed, {aftermath.failed:,} failed, {left_to_do:,} left"
    if left:
        title = f"[not caught up] {what}, but {counted(left, 'image')} are still held up"
    path = republish_path(alert, aftermath, now)
    republish = f"; publish them again: {place.web_url or ''}{path}" if path else ""
    span = f"from {zoned_time(alert.opened_at, zone)} to {zoned_time(recovery.ended_at, zone)}"
    lines = [
        f"What: {advise(alert).what}, {span}, {duration(recovery.ended_at - alert.opened_at)}.",
        f"{'So far' if left else 'Caught up'}: {duration(now - recovery.ended_at)} after its end.",
        f"Delayed by it: {counted(recovery.delayed, 'image')}.",
        f"Failed because of it: {failed}{republish}.",
        f"Left to do: {left:,} held up, {aftermath.waiting:,} that wait for their sources.",
    ]
    cause = Cause("caught_up", alert.fingerprint, alert.code, alert.host, alert.severity.value, alert.opened_at, recovery.delayed, 0)
    return AlertMessage(Form.CAUGHT_UP, now, Severity.PLATFORM, title, cut("\n".join(lines)), (cause,))
