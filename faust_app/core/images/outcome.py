"""How an event ended, and what its end does to the row: a closed set of values, applied under the row's lock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from faust_app.core.alerts.alert import Occurrence, Severity, severity_of
from faust_app.core.failure import Failure, FailureCode
from faust_app.core.images.row import (
    FETCHED_AGAIN_AFTER,
    ImageKey,
    ImageRow,
    ImageState,
    Shown,
    WakeReason,
    begun_anew,
    image_prefix,
    next_version,
)

LATE_PUT: Final = timedelta(hours=1)
"""How long a PUT that timed out may still land; garbage is looked at again after it."""


SUPERSEDED: Final = "superseded"
"""In the history: older requests met this version. It is written once for each version."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes are in storage under a key of their own."""

    row: ImageRow
    shown: Shown


@dataclass(frozen=True, slots=True)
class Kept:
    """The source has what is shown already; `transferred` tells whether it had to be downloaded to know."""

    row: ImageRow
    shown: Shown
    transferred: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """The image is to be shown no longer."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Failed:
    """The image cannot be stored; its dead letter is acknowledged before this is applied.

    `host` is the host that failed where it is another than the row's, `leaves` the key of an object that nothing will show.
    """

    row: ImageRow
    code: FailureCode
    detail: str
    host: str | None = None
    leaves: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The image is tried again when so much time has passed after this is written."""

    row: ImageRow
    code: FailureCode
    detail: str
    delay: timedelta
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Park:
    """The image waits for its source, or for us, and nothing is counted against it; code and detail say why where it is known."""

    row: ImageRow
    delay: timedelta
    code: FailureCode | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The image is still being worked on, and its row is due after so much time, should that never end."""

    row: ImageRow
    delay: timedelta


Outcome = Stored | Kept | Removed | Failed | Retry | Park | HandedOver


@dataclass(frozen=True, slots=True)
class Garbage:
    """A key, or a prefix that ends with a slash, to delete when due and when no row can show it any more."""

    key: ImageKey
    target: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of an image's timeline."""

    key: ImageKey
    at: datetime
    version: int
    outcome: str
    code: str | None = None
    detail: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to write: the row as it becomes (None: refused, the row moved on), its history, its garbage, its count.

    `again` is the row as it begins anew after that, where it was asked for again since its worker read it.
    """

    row: ImageRow | None
    history: HistoryEntry | None = None
    garbage: tuple[Garbage, ...] = ()
    occurrence: Occurrence | None = None
    again: ImageRow | None = None


def unstorable(outcome: Outcome, failure: Failure) -> Failed:
    """Return the end of an image whose outcome the database refuses for its content: none of that content is in it."""
    return Failed(outcome.row, failure.code, failure.detail, leaves=outcome.shown.object_key if isinstance(outcome, Stored) else None)


def fingerprint(code: str, host: str | None) -> str:
    """Return what failures of one cause have in common: the code and the source's host, unless the cause is ours."""
    return f"{code}@{host if host and severity_of(code) is Severity.SHOP else '-'}"


def settle(current: ImageRow | None, outcome: Outcome, *, now: datetime, replaced_grace: timedelta) -> Settlement:
    """Apply an outcome to its locked row, or refuse it because another version or another worker was faster."""
    if current is None or current.version != outcome.row.version or current.state is not ImageState.IN_PROGRESS:
        return _refused(current, outcome, now)
    match outcome:
        case Stored() | Kept():
            return _and_again(_done(current, outcome, now, replaced_grace), outcome, now)
        case Removed():
            return _deleted(current, now)
        case Failed():
            return _and_again(_failed(current, outcome, now), outcome, now)
        case Retry() | Park() | HandedOver() if current.attempt != outcome.row.attempt:
            return Settlement(None)
        case Retry():
            return _retry(current, outcome, now)
        case Park():
            return Settlement(_parked(current, outcome, now))
        case HandedOver():
            return Settlement(_waiting(current, now + outcome.delay, WakeReason.RUNNING))
        case _:
            assert_never(outcome)


def _refused(current: ImageRow | None, outcome: Outcome, now: datetime) -> Settlement:
    if not isinstance(outcome, Stored):
        return Settlement(None)
    shown_key = current.shown.object_key if current is not None and current.shown is not None else None
    if outcome.shown.object_key == shown_key:
        return Settlement(None)
    return Settlement(None, garbage=(Garbage(outcome.row.key, outcome.shown.object_key, now + LATE_PUT),))


def _done(current: ImageRow, outcome: Stored | Kept, now: datetime, replaced_grace: timedelta) -> Settlement:
    row = replace(_closed(current), state=ImageState.DONE, shown_version=current.version, shown=outcome.shown)
    old = current.shown.object_key if current.shown is not None else None
    replaced = old is not None and old != outcome.shown.object_key
    garbage = (Garbage(current.key, old, now + replaced_grace),) if replaced and old else ()
    name = "stored" if isinstance(outcome, Stored) else ("same_bytes" if outcome.transferred else "not_modified")
    return Settlement(row, HistoryEntry(current.key, now, current.version, name, size=outcome.shown.size), garbage)


def _and_again(settlement: Settlement, outcome: Stored | Kept | Failed, now: datetime) -> Settlement:
    """Let a finished row begin anew where it was asked for again after its worker had read it: it may have fetched too early."""
    row = settlement.row
    if row is None or row.requested_at <= outcome.row.requested_at:
        return settlement
    version = next_version(row.version, now)
    again = begun_anew(row, version=version, open_since=now, wake_at=now + FETCHED_AGAIN_AFTER, reason=WakeReason.UNSENT)
    return replace(settlement, again=again)


def _deleted(current: ImageRow, now: datetime) -> Settlement:
    row = replace(_closed(current), state=ImageState.DELETED, shown_version=current.version, shown=None)
    prefix = image_prefix(*current.key)
    garbage = (Garbage(current.key, prefix, now), Garbage(current.key, prefix, now + LATE_PUT))
    return Settlement(row, HistoryEntry(current.key, now, current.version, "deleted"), garbage)


def _failed(current: ImageRow, outcome: Failed, now: datetime) -> Settlement:
    row = replace(
        _closed(current),
        state=ImageState.FAILED,
        error_code=outcome.code.value,
        error_detail=outcome.detail,
        fingerprint=fingerprint(outcome.code, outcome.host or current.source_host),
    )
    entry = HistoryEntry(current.key, now, current.version, "failed", code=outcome.code.value, detail=outcome.detail)
    garbage = (Garbage(current.key, outcome.leaves, now + LATE_PUT),) if outcome.leaves is not None else ()
    return Settlement(row, entry, garbage, _occurrence(row, outcome.host or current.source_host))


def _occurrence(row: ImageRow, host: str | None) -> Occurrence:
    """Return how the alert of a failed row counts it; `host` is the one that failed."""
    code = row.error_code or ""
    cause = row.fingerprint or fingerprint(code, host)
    return Occurrence(cause, code, host if severity_of(code) is Severity.SHOP else None, *row.key, row.error_detail or "")


def _retry(current: ImageRow, outcome: Retry, now: datetime) -> Settlement:
    row = replace(
        _waiting(current, now + outcome.delay, WakeReason.RETRY),
        attempt=current.attempt + 1,
        error_code=outcome.code.value,
        error_detail=outcome.detail,
        fingerprint=fingerprint(outcome.code, outcome.host or current.source_host),
    )
    return Settlement(row, HistoryEntry(current.key, now, current.version, "retry", code=outcome.code.value, detail=outcome.detail))


def _parked(current: ImageRow, outcome: Park, now: datetime) -> ImageRow:
    """Return the row as it waits; why is left as it was where nothing new is known."""
    row = _waiting(current, now + outcome.delay, WakeReason.PARKED)
    return row if outcome.code is None else replace(row, error_code=outcome.code.value, error_detail=outcome.detail)


def _waiting(row: ImageRow, until: datetime, reason: WakeReason) -> ImageRow:
    """Return the row with a time instead of a position: somebody publishes it then."""
    return replace(row, wake_at=until, wake_reason=reason, position=None)


def _closed(row: ImageRow) -> ImageRow:
    """Return the row with nothing left to wait for."""
    return replace(
        row, wake_at=None, wake_reason=None, open_since=None, position=None, error_code=None, error_detail=None, fingerprint=None
    )


def may_collect(object_key: str, version: int | None, row: ImageRow | None) -> bool:
    """Tell whether an object can never be shown again: the one rule of the collector and its audit.

    It is not shown; and it was made for an older version, or for this one when this one has its outcome. A key without
    a row, or one we did not make, is kept.
    """
    if row is None or version is None or (row.shown is not None and row.shown.object_key == object_key):
        return False
    return version < row.version or (version == row.version and row.state is not ImageState.IN_PROGRESS)
