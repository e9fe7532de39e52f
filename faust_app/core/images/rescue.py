"""How a row is rescued whose event was consumed, or is gone, without an outcome."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Failed, HistoryEntry, Settlement
from faust_app.core.images.row import ImageRow, ImageState, WakeReason

MAX_RESCUES: Final = 3


def may_be_rescued(row: ImageRow) -> bool:
    """Return whether a lost row is published again; one that was lost too often needs a person."""
    return row.rescues < MAX_RESCUES


def rescued(current: ImageRow | None, judged: ImageRow, now: datetime) -> Settlement:
    """Schedule the lost row for now, if under its lock it is still as it was when it was classified as lost."""
    if not still_lost(current, judged) or current is None:
        return Settlement(None)
    row = replace(current, rescues=current.rescues + 1, position=None, wake_at=now, wake_reason=WakeReason.RESCUED)
    return Settlement(row, HistoryEntry(row.key, now, row.version, "rescued"))


def still_lost(current: ImageRow | None, judged: ImageRow) -> bool:
    """Return whether the locked row has the version, position and time that were classified."""
    return (
        current is not None
        and current.state is ImageState.IN_PROGRESS
        and (current.version, current.position, current.wake_at) == (judged.version, judged.position, judged.wake_at)
    )


def lost_repeatedly(row: ImageRow) -> Failed:
    """Return the outcome of a row that was lost once more after its last rescue."""
    return Failed(row, FailureCode.LOST_REPEATEDLY, f"The image was lost {row.rescues + 1} times.")
