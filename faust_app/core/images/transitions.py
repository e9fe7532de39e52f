"""Every transition of a row, decided on the row as it is under its lock, with the database's clock as an argument.

Each names its guard: the statement of `adapters.mariadb` that writes it, and on what condition, so that a decision which the
row has outrun changes nothing. docs/state-machine.md draws them.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

from faust_app.core.alerts.alert import Occurrence, fingerprint
from faust_app.core.failure_codes import FailureCode, Severity
from faust_app.core.images.accept import Accepted, Decision, Superseded, Unchanged, begins_at, is_repeated, is_superseded
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
from faust_app.core.images.row import FETCHED_AGAIN_AFTER, ImageKey, ImageRow, ImageState, ScheduleReason, source_host
from faust_app.core.messages.events import ImageRequest, Op
from faust_app.core.messages.positions import Position

# Accept


def placeholder(key: ImageKey, now: datetime) -> ImageRow:
    """Return the row of an image that was never heard of: version 0, below every version that is ever given.

    It is inserted only where there is no row, and removed again unless it is accepted.
    Guard (`image_repository._DROP`): `image.version = 0`.
    """
    return ImageRow(*key, 0, Op.REGISTER, now, ImageState.IN_PROGRESS)


def accept(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide a request against its locked row, a placeholder where the image is unknown.

    `requested_at` is when the request reached us, `now` the database's clock, both UTC without a zone; `lease` is how
    long the caller has to publish before another process may.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`.
    """
    if is_superseded(row, request, requested_at):
        return Superseded(row)
    wants_it = is_repeated(row, request)
    if wants_it and (row.state is ImageState.IN_PROGRESS or row.op is Op.DELETE):
        return Unchanged(repeated(row, request, requested_at))
    begins = begins_at(row, now) if wants_it else now
    exists = row.version > 0 and row.state is not ImageState.DELETED
    op = request.op if request.op is Op.DELETE else (Op.UPDATE if exists else Op.REGISTER)
    begun = begun_anew(
        row,
        version=next_version(row.version, now),
        open_since=row.open_since or now,
        scheduled_at=now + lease if begins <= now else begins,
        reason=ScheduleReason.UNSENT,
    )
    return Accepted(
        replace(
            begun,
            op=op,
            source_url=request.source_url,
            source_host=source_host(request.source_url) if request.source_url else None,
            product_id=request.product_id if request.product_id is not None else row.product_id,
            external_version=request.external_version if request.external_version is not None else row.external_version,
            correlation_id=request.correlation_id,
            requested_at=requested_at,
        ),
        at_once=begins <= now,
    )


def accept_changed(row: ImageRow, request: ImageRequest, *, requested_at: datetime, now: datetime, lease: timedelta) -> Decision:
    """Decide like `accept`, under its guard, but leave alone what is DONE or IN_PROGRESS with the same URL: a repeated import."""
    wants_the_same = row.version > 0 and row.op is not Op.DELETE and row.source_url == request.source_url
    if wants_the_same and row.state in {ImageState.DONE, ImageState.IN_PROGRESS}:
        return Unchanged(row)
    return accept(row, request, requested_at=requested_at, now=now, lease=lease)


def repeated(row: ImageRow, request: ImageRequest, requested_at: datetime) -> ImageRow:
    """Return the row as it keeps that it was asked for again: the time of the newest request, and whose it is.

    The time never goes back. Guard (`image_writes._WRITE_REPEATED`): `image.version = x.version`.
    """
    correlation_id = request.correlation_id if request.correlation_id is not None else row.correlation_id
    return replace(row, requested_at=max(row.requested_at, requested_at), correlation_id=correlation_id)


def begun_anew(row: ImageRow, *, version: int, open_since: datetime, scheduled_at: datetime, reason: ScheduleReason) -> ImageRow:
    """Return the row at a new version, with nothing left of how the one before it went."""
    return replace(
        row,
        version=version,
        state=ImageState.IN_PROGRESS,
        attempt=0,
        rescues=0,
        error_code=None,
        error_detail=None,
        fingerprint=None,
        position=None,
        open_since=open_since,
        scheduled_at=scheduled_at,
        schedule_reason=reason,
    )


def next_version(version: int, now: datetime) -> int:
    """Return a version never given before: above the row's, and never below the clock, not even after a lost row."""
    return max(version + 1, int(now.replace(tzinfo=UTC).timestamp() * 1_000_000))


# Publish


def leased(row: ImageRow, until: datetime) -> ImageRow:
    """Return a due row as its publisher claims it; a deferred row changes its reason, so that a release never meets a lease.

    No other publisher has it locked. Guard (`image_repository._SELECT_DUE`): `scheduled_at <= %s AND state = 'IN_PROGRESS'`.
    """
    reason = ScheduleReason.DISPATCHED if row.schedule_reason is ScheduleReason.DEFERRED else row.schedule_reason
    return replace(row, scheduled_at=until, schedule_reason=reason)


def released(row: ImageRow, now: datetime) -> ImageRow | None:
    """Return a deferred row as it is due now, since its source answers again; None for any other.

    Guard (`image_repository._RELEASE`):
    `schedule_reason = 'deferred' AND scheduled_at > UTC_TIMESTAMP(6) AND state = 'IN_PROGRESS'`.
    """
    deferred = row.state is ImageState.IN_PROGRESS and row.schedule_reason is ScheduleReason.DEFERRED
    return replace(row, scheduled_at=now) if deferred and row.scheduled_at is not None and row.scheduled_at > now else None


def placed(current: ImageRow | None, published: ImageRow, position: Position) -> ImageRow | None:
    """Return the row at the position it was published to; None if it no longer has the lease it was published under.

    Guard (`image_repository._WRITE_PUBLISHED`):
    `image.version = x.v AND image.state = 'IN_PROGRESS' AND image.scheduled_at = x.lease`.
    """
    if current is None or current.state is not ImageState.IN_PROGRESS:
        return None
    if (current.version, current.scheduled_at) != (published.version, published.scheduled_at):
        return None
    return replace(current, position=position, scheduled_at=None, schedule_reason=None)


# Settle


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
    row = replace(_closed(current), state=ImageState.DONE, shown_version=current.version, shown=outcome.shown)
    old = current.shown.object_key if current.shown is not None else None
    replaced = old is not None and old != outcome.shown.object_key
    garbage = (Garbage(current.key, old, now + replaced_grace),) if replaced and old else ()
    name = "stored" if isinstance(outcome, Stored) else ("same_bytes" if outcome.transferred else "not_modified")
    return Settlement(row, HistoryEntry(current.key, now, current.version, name, size=outcome.shown.size), garbage)


def _and_again(settlement: Settlement, outcome: Stored | Kept | Failed, now: datetime) -> Settlement:
    """Begin a finished row anew where it was asked for again after its worker had read it: it may have fetched too early."""
    row = settlement.row
    if row is None or row.requested_at <= outcome.row.requested_at:
        return settlement
    version = next_version(row.version, now)
    again = begun_anew(row, version=version, open_since=now, scheduled_at=now + FETCHED_AGAIN_AFTER, reason=ScheduleReason.UNSENT)
    return replace(settlement, again=again)


def _deleted(current: ImageRow, now: datetime) -> Settlement:
    row = replace(_closed(current), state=ImageState.DELETED, shown_version=current.version, shown=None)
    prefix = image_prefix(*current.key)
    garbage = (Garbage(current.key, prefix, now), Garbage(current.key, prefix, now + LATE_PUT))
    return Settlement(row, HistoryEntry(current.key, now, current.version, "deleted"), garbage)


def _failed(current: ImageRow, outcome: Failed, now: datetime) -> Settlement:
    code, host = outcome.code, outcome.host or current.source_host
    cause = fingerprint(code, host)
    row = replace(_closed(current), state=ImageState.FAILED, error_code=code.value, error_detail=outcome.detail, fingerprint=cause)
    entry = HistoryEntry(current.key, now, current.version, "failed", code=code.value, detail=outcome.detail)
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
    return Settlement(row, HistoryEntry(current.key, now, current.version, "retry", code=outcome.code.value, detail=outcome.detail))


def _deferred(current: ImageRow, outcome: Deferred, now: datetime) -> ImageRow:
    """Return the row as it waits; why is left as it was where nothing new is known."""
    row = _scheduled(current, now + outcome.delay, ScheduleReason.DEFERRED)
    return row if outcome.code is None else replace(row, error_code=outcome.code.value, error_detail=outcome.detail)


def _scheduled(row: ImageRow, until: datetime, reason: ScheduleReason) -> ImageRow:
    """Return the row with a time instead of a position: somebody publishes it then."""
    return replace(row, scheduled_at=until, schedule_reason=reason, position=None)


def _closed(row: ImageRow) -> ImageRow:
    """Return the row with nothing left to wait for."""
    return replace(
        row, scheduled_at=None, schedule_reason=None, open_since=None, position=None, error_code=None, error_detail=None, fingerprint=None
    )


# Rescue and recover


MAX_RESCUES: Final = 3


def may_be_rescued(row: ImageRow) -> bool:
    """Return whether a lost row is published again; one that was lost too often needs a person."""
    return row.rescues < MAX_RESCUES


def rescued(current: ImageRow | None, as_read: ImageRow, now: datetime) -> Settlement:
    """Schedule the lost row for now, if under its lock it is still as it was read when it was classified as lost.

    Guard (`image_writes._WRITE_SCHEDULED`):
    `image.version = x.version AND image.state = 'IN_PROGRESS' AND image.attempt = x.attempt_before`.
    """
    if not still_lost(current, as_read) or current is None:
        return Settlement(None)
    row = replace(current, rescues=current.rescues + 1, position=None, scheduled_at=now, schedule_reason=ScheduleReason.RESCUED)
    return Settlement(row, HistoryEntry(row.key, now, row.version, "rescued"))


def still_lost(current: ImageRow | None, as_read: ImageRow) -> bool:
    """Return whether the locked row has the version, position and time that were read and classified."""
    return (
        current is not None
        and current.state is ImageState.IN_PROGRESS
        and (current.version, current.position, current.scheduled_at) == (as_read.version, as_read.position, as_read.scheduled_at)
    )


def lost_repeatedly(row: ImageRow) -> Failed:
    """Return the outcome of a row that was lost once more after its last rescue; `settle` applies it."""
    return Failed(row, FailureCode.LOST_REPEATEDLY, f"The image was lost {row.rescues + 1} times.")


def republished(current: ImageRow | None, as_read: ImageRow, now: datetime) -> ImageRow | None:
    """Return the locked row, to be fetched again: a new version, due now; None if it shows another object than was read.

    Nothing is shown, so that neither a 304 nor the same bytes count as already stored. The version was never given before,
    not even by the database that was lost, since it is never below the clock.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`; what it shows is hidden
    (`image_writes._WRITE_HIDDEN`): `image.version = x.version AND image.state = 'IN_PROGRESS'`.
    """
    if current is None or current.shown is None or as_read.shown is None or current.shown.object_key != as_read.shown.object_key:
        return None
    if current.op is Op.DELETE:
        return None
    version = next_version(current.version, now)
    return replace(begun_anew(current, version=version, open_since=now, scheduled_at=now, reason=ScheduleReason.REPUBLISHED), shown=None)


# Collect


def may_collect(object_key: str, version: int | None, row: ImageRow | None) -> bool:
    """Return whether an object can never be shown again: the one rule of the collector and its audit.

    It is not shown; and it was made for an older version, or for this one when this one has its outcome. A key without
    a row, or one we did not make, is kept. Needs no guard: what may be collected once may be for ever, since a version is
    never given again.
    """
    if row is None or version is None or (row.shown is not None and row.shown.object_key == object_key):
        return False
    return version < row.version or (version == row.version and row.state is not ImageState.IN_PROGRESS)
