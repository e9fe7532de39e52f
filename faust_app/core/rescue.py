"""What becomes of a row whose event was consumed, or is gone, without an outcome."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from faust_app.core.failure import FailureCode
from faust_app.core.image import ImageRow, ImageState, WakeReason
from faust_app.core.outcome import Failed, HistoryEntry, Settlement

MAX_RESCUES: Final = 3


def may_be_rescued(row: ImageRow) -> bool:
    """Tell whether a lost row is published again; one that was lost too often needs a person."""
    return row.rescues < MAX_RESCUES


def rescued(current: ImageRow | None, judged: ImageRow, now: datetime) -> Settlement:
    """Let the lost row be due now, if under its lock it still stands where it was judged lost."""
    if not still_lost(current, judged) or current is None:
        return Settlement(None)
    row = replace(current, rescues=current.rescues + 1, position=None, wake_at=now, wake_reason=WakeReason.RESCUED)
    return Settlement(row, HistoryEntry(row.key, now, row.version, "rescued"))


def still_lost(current: ImageRow | None, judged: ImageRow) -> bool:
    """Tell whether the locked row is at the version and position that were judged."""
    return (
        current is not None
        and current.state is ImageState.IN_PROGRESS
        and (current.version, current.position, current.wake_at) == (judged.version, judged.position, judged.wake_at)
    )


def lost_repeatedly(row: ImageRow) -> Failed:
    """Return the end of a row that was lost once more after every rescue."""
    return Failed(row, FailureCode.LOST_REPEATEDLY, f"The image was lost {row.rescues + 1} times.")
