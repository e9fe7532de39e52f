"""A row's publish lease: its holder may publish the row, and writes the position only while the lease is the newest."""

from dataclasses import replace
from datetime import datetime

from faust_app.core.images.row import ImageRow, ImageState, Position, WakeReason


def leased(row: ImageRow, until: datetime) -> ImageRow:
    """Return a due row as its publisher claims it; a deferred row changes its reason, so that an early wake-up never meets a lease."""
    return replace(row, wake_at=until, wake_reason=WakeReason.WOKEN if row.wake_reason is WakeReason.PARKED else row.wake_reason)


def placed(current: ImageRow | None, published: ImageRow, position: Position) -> ImageRow | None:
    """Return the row at the position it was published to; None if it no longer has the lease it was published under."""
    if current is None or current.state is not ImageState.IN_PROGRESS:
        return None
    if (current.version, current.wake_at) != (published.version, published.wake_at):
        return None
    return replace(current, position=position, wake_at=None, wake_reason=None)
