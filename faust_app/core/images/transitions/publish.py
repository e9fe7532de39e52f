"""How a row is leased to a publisher, and placed where Kafka keeps its event."""

from dataclasses import replace
from datetime import datetime

from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.messages.positions import Position


def leased(row: ImageRow, until: datetime) -> ImageRow:
    """Return a due row as its publisher claims it; a deferred row changes its reason, so that a release never meets a lease.

    No other publisher has it locked. Guard (`image_repository._SELECT_DUE`): `scheduled_at <= UTC_TIMESTAMP(6) AND state = 'IN_PROGRESS'`.
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
