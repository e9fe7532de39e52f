"""How an outcome is applied to its row."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from faust_app.core.alerts.alert import Occurrence, fingerprint
from faust_app.core.failure_codes import Severity
from faust_app.core.images.counted import counted_deleted, counted_failed, counted_kept, counted_retry, counted_stored
from faust_app.core.images.objects import image_prefix
from faust_app.core.images.outcome import (
    LATE_PUT,
    AckedEarly,
    Deferred,
    Failed,
    Garbage,
    HistoryEntry,
    Kept,
    Outcome,
    Removed,
    Retry,
    Settlement,
    Stored,
)
from faust_app.core.images.row import FETCHED_AGAIN_AFTER, ImageRow, ImageState, ScheduleReason, Shown
from faust_app.core.images.transitions.accept import begun_anew, next_version


def settle(current: ImageRow | None, outcome: Outcome, *, now: datetime, replaced_grace: timedelta) -> Settlement:
    """Apply an outcome to its locked row, or refuse it because another version or another worker was faster.

    Guard (`image_writes._WRITE_FINISHED`): `image.version = x.version AND image.state = 'IN_PROGRESS'`; to retry, defer or
    acknowledge early, besides (`image_writes._WRITE_SCHEDULED`): `image.attempt = x.attempt_before`.
    """
    if current is None or current.version != outcome.row.version or current.state is not ImageState.IN_PROGRESS:
        return _refused(current, outcome, now)
    match outcome:
        case Stored() | Kept():
            return _and_again(_done(current, outcome, now, replaced_grace), outcome, now)
        case Removed():
            return _deleted(current, now)
        case Failed() if current.refetched and current.shown is not None:
            return _and_again(_still_good(current, current.shown, outcome, now), outcome, now)
        case Failed():
            return _and_again(_failed(current, outcome, now), outcome, now)
        case Retry() | Deferred() | AckedEarly() if current.attempt != outcome.row.attempt:
            return Settlement(None)
        case Retry():
            return _retry(current, outcome, now)
        case Deferred():
            return Settlement(_deferred(current, outcome, now))
        case AckedEarly():
            return Settlement(_scheduled(current, now + outcome.delay, ScheduleReason.RUNNING))
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
    row = _closed(current, state=ImageState.DONE, shown_version=current.version, shown=outcome.shown, republishes=0)
    old = current.shown.object_key if current.shown is not None else None
    replaced = old is not None and old != outcome.shown.object_key
    garbage = (Garbage(current.key, old, now + replaced_grace),) if replaced and old else ()
    if isinstance(outcome, Kept):
        name, counted = "same_bytes" if outcome.transferred else "not_modified", counted_kept(current, outcome.shown)
    else:
        name, counted = "stored", counted_stored(current, outcome.shown, now)
    return Settlement(row, HistoryEntry(current.key, now, current.version, name, size=outcome.shown.size, counted=counted), garbage)


def _and_again(settlement: Settlement, outcome: Stored | Kept | Failed, now: datetime) -> Settlement:
    """Begin a finished row anew where it was asked for again after its worker had read it: it may have fetched too early."""
    row = settlement.row
    if row is None or row.requested_at <= outcome.row.requested_at:
        return settlement
    version = next_version(row.version, now)
    again = begun_anew(row, version=version, open_since=now, scheduled_at=now + FETCHED_AGAIN_AFTER, reason=ScheduleReason.UNSENT)
    return replace(settlement, again=again)


def _deleted(current: ImageRow, now: datetime) -> Settlement:
    row = _closed(current, state=ImageState.DELETED, shown_version=current.version, shown=None)
    prefix = image_prefix(*current.key)
    garbage = (Garbage(current.key, prefix, now), Garbage(current.key, prefix, now + LATE_PUT))
    return Settlement(row, HistoryEntry(current.key, now, current.version, "deleted", counted=counted_deleted(current, now)), garbage)


def _still_good(current: ImageRow, shown: Shown, outcome: Failed, now: datetime) -> Settlement:
    """Return the end of a good image whose second fetch failed: it stays as good as it was, with a note of why."""
    shown = replace(shown, version=current.version)
    code, detail = outcome.code.value, outcome.detail
    row = _closed(current, state=ImageState.DONE, shown_version=current.version, shown=shown, error_code=code, error_detail=detail)
    garbage = (Garbage(current.key, outcome.leaves, now + LATE_PUT),) if outcome.leaves is not None else ()
    counted = counted_failed(current, outcome.code)
    entry = HistoryEntry(current.key, now, current.version, "refetch_failed", code=code, detail=detail, counted=counted)
    return Settlement(row, entry, garbage)


def _failed(current: ImageRow, outcome: Failed, now: datetime) -> Settlement:
    code, host = outcome.code, outcome.host or current.source_host
    cause = fingerprint(code, host)
    row = _closed(current, state=ImageState.FAILED, error_code=code.value, error_detail=outcome.detail, fingerprint=cause)
    figure = counted_failed(current, code)
    entry = HistoryEntry(current.key, now, current.version, "failed", code=code.value, detail=outcome.detail, counted=figure)
    garbage = (Garbage(current.key, outcome.leaves, now + LATE_PUT),) if outcome.leaves is not None else ()
    counted = Occurrence(cause, code, host if code.severity is Severity.SHOP else None, *row.key, outcome.detail)
    return Settlement(row, entry, garbage, counted)


def _retry(current: ImageRow, outcome: Retry, now: datetime) -> Settlement:
    row = replace(
        _scheduled(current, now + outcome.delay, ScheduleReason.RETRY),
        attempt=current.attempt + 1,
        error_code=outcome.code.value,
        error_detail=outcome.detail,
        fingerprint=fingerprint(outcome.code, outcome.host or current.source_host),
    )
    counted = counted_retry(current, outcome.code)
    entry = HistoryEntry(current.key, now, current.version, "retry", code=outcome.code.value, detail=outcome.detail, counted=counted)
    return Settlement(row, entry)


def _deferred(current: ImageRow, outcome: Deferred, now: datetime) -> ImageRow:
    """Return the row as it waits; why is left as it was where nothing new is known."""
    row = _scheduled(current, now + outcome.delay, ScheduleReason.DEFERRED)
    return row if outcome.code is None else replace(row, error_code=outcome.code.value, error_detail=outcome.detail)


def _scheduled(row: ImageRow, until: datetime, reason: ScheduleReason) -> ImageRow:
    """Return the row with a time instead of a position: somebody publishes it then."""
    return replace(row, scheduled_at=until, schedule_reason=reason, position=None)


def _closed(row: ImageRow, state: ImageState, **changes: Any) -> ImageRow:
    """Return the row in its last state, changed as told, with nothing left to wait for; in one copy, for every image takes one."""
    return replace(row, **{**_NOTHING_LEFT, "state": state, **changes})


_NOTHING_LEFT: Final[dict[str, Any]] = {
    **dict.fromkeys(("scheduled_at", "schedule_reason", "open_since", "position", "error_code", "error_detail", "fingerprint"), None),
    "refetched": False,
}
