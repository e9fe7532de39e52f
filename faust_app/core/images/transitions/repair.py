"""How a row that was lost, or that an operator wants fetched once more, is published again, and how that is taken back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.counted import counted_rescued
from faust_app.core.images.outcome import Failed, HistoryEntry, Settlement
from faust_app.core.images.row import ImageRow, ImageState, Origin, ScheduleReason
from faust_app.core.images.transitions.accept import begun_anew, next_version
from faust_app.core.messages.events import Op

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
    return Settlement(row, HistoryEntry(row.key, now, row.version, "rescued", counted=counted_rescued(row)))


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


def recovered(current: ImageRow | None, as_read: ImageRow, now: datetime) -> ImageRow | None:
    """Return the locked row of a missing object, to be fetched again: a new version, due now; None if it shows another object.

    Nothing is shown, so that neither a 304 nor the same bytes count as already stored. The version was never given before,
    not even by the database that was lost, since it is never below the clock.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`; what it shows is hidden
    (`image_writes._WRITE_HIDDEN`): `image.version = x.version AND image.state = 'IN_PROGRESS'`.
    """
    if current is None or current.shown is None or as_read.shown is None or current.shown.object_key != as_read.shown.object_key:
        return None
    if current.op is Op.DELETE:
        return None
    return replace(_begun_for_repair(current, now), shown=None, origin=Origin.PLATFORM)


# Republish and take back


def republished(current: ImageRow, now: datetime) -> ImageRow:
    """Return the locked row as an operator has it fetched once more: a new version, due now.

    What is shown stays shown, and a good image stays good should its second fetch fail.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`.
    """
    begun = _begun_for_repair(current, now)
    return replace(begun, refetched=current.state is ImageState.DONE, republishes=min(current.republishes + 1, MAX_COUNTED))


@dataclass(frozen=True, slots=True)
class Former:
    """The state of a row before an operator republished it; `requested_at` is when its shop had last asked for it."""

    state: ImageState
    requested_at: datetime
    error_code: str | None = None
    error_detail: str | None = None
    fingerprint: str | None = None
    judged_by: str | None = None


def taken_back(current: ImageRow | None, version: int, former: Former, now: datetime) -> ImageRow | None:
    """Return the locked row as it stood before it was republished as `version`, by a version of its own; None if it moved on.

    The new version makes the outcome of a worker that has begun with it refused. A lost row is published at once, for there
    is no event to give it back. A row that its shop asked for again since then begins anew on the shop's behalf: the
    request was answered as one that changes nothing.
    Guard (`image_writes._WRITE_ACCEPTED`): `image.version < x.version`; then for a row that was finished
    (`image_writes._WRITE_RESTORED`): `image.version = x.version AND image.state = 'IN_PROGRESS'`.
    """
    if current is None or current.version != version or current.state is not ImageState.IN_PROGRESS:
        return None
    reason = ScheduleReason.RESCUED if former.state is ImageState.IN_PROGRESS else ScheduleReason.UNSENT
    begun = begun_anew(current, version=next_version(version, now), open_since=current.open_since or now, scheduled_at=now, reason=reason)
    if current.requested_at > former.requested_at:
        return begun
    begun = replace(begun, origin=Origin.REPAIR, republishes=max(current.republishes - 1, 0))
    if former.state is ImageState.IN_PROGRESS:
        return begun
    return replace(
        begun, state=former.state, scheduled_at=None, schedule_reason=None, open_since=None, error_code=former.error_code,
        error_detail=former.error_detail, fingerprint=former.fingerprint, judged_by=former.judged_by,
        shown_version=begun.version if former.state is ImageState.DONE else current.shown_version,
    )  # fmt: skip


MAX_COUNTED: Final = 255
"""Most republishes that a row counts."""


def _begun_for_repair(row: ImageRow, now: datetime) -> ImageRow:
    # `open_since` starts again: a source that does not answer is given its whole day from here.
    version = next_version(row.version, now)
    begun = begun_anew(row, version=version, open_since=now, scheduled_at=now, reason=ScheduleReason.REPUBLISHED)
    return replace(begun, origin=Origin.REPAIR, republishes=row.republishes)
