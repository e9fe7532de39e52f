"""What an outcome counts as in the daily statistics: its figure, on whose behalf, whose fault, the change of stored bytes, the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.row import ImageRow, Origin, Shown
from faust_app.core.results.result import Fault, fault_of

LONGEST: Final = timedelta(days=45)
"""Longer times are counted as this one: a column of four bytes holds milliseconds of 49 days."""

_MILLISECOND: Final = timedelta(milliseconds=1)


class CountsAs(StrEnum):
    """The figure that an outcome adds to. What is stored for another origin than the shop is REPAIRED."""

    REGISTERED = "registered"  #: shown, and was not shown before
    UPDATED = "updated"  #: shown in a new version
    DELETED = "deleted"  #: was shown, and is no longer
    REPAIRED = "repaired"  #: stored again, though no shop asked for it
    FAILED = "failed"  #: given up
    RETRIED = "retried"  #: failed, and is tried again
    RESCUED = "rescued"  #: was lost, and is published again


@dataclass(frozen=True, slots=True)
class Counted:
    """What one outcome adds to its day. `figure` is None where only stored bytes change."""

    figure: CountsAs | None
    origin: Origin
    bytes_change: int = 0
    """Bytes stored for the shop, now minus before; replaced files that wait for their deletion are not in it."""
    fault: Fault | None = None
    took: timedelta | None = None
    """From the request to its end; None where no shop waited for it."""

    @property
    def values(self) -> tuple[str | None, str | None, str | None, int, int | None]:
        """Figure, origin (None: the shop), fault, change of bytes and milliseconds, as a row keeps them."""
        origin = None if self.origin is Origin.SHOP else self.origin.value
        return self.figure and self.figure.value, origin, self.fault and self.fault.value, self.bytes_change, self.took_ms

    @property
    def took_ms(self) -> int | None:
        """The time in whole milliseconds, between 0 and LONGEST."""
        return None if self.took is None else max(0, min(self.took, LONGEST) // _MILLISECOND)


def counted_stored(before: ImageRow, shown: Shown, now: datetime) -> Counted:
    """Count an image that was stored under a key of its own."""
    if before.origin is not Origin.SHOP:
        return Counted(CountsAs.REPAIRED, before.origin, _change(before.shown, shown))
    figure = CountsAs.REGISTERED if before.shown is None else CountsAs.UPDATED
    return Counted(figure, before.origin, _change(before.shown, shown), took=now - before.requested_at)


def counted_kept(before: ImageRow, shown: Shown) -> Counted | None:
    """Count an image that was shown already: nowhere, unless its record of the size changed."""
    change = _change(before.shown, shown)
    return Counted(None, before.origin, change) if change else None


def counted_deleted(before: ImageRow, now: datetime) -> Counted | None:
    """Count a deletion; that of an image which was never shown counts nowhere."""
    if before.shown is None:
        return None
    return Counted(CountsAs.DELETED, before.origin, _change(before.shown, None), took=now - before.requested_at)


def counted_failed(before: ImageRow, code: FailureCode) -> Counted:
    """Count an image that is given up; what was shown before stays stored."""
    return Counted(CountsAs.FAILED, before.origin, fault=fault_of(code))


def counted_retry(before: ImageRow, code: FailureCode) -> Counted:
    """Count a fetch that failed and is tried again."""
    return Counted(CountsAs.RETRIED, before.origin, fault=fault_of(code))


def counted_rescued(row: ImageRow) -> Counted:
    """Count an event that was lost and is published again."""
    return Counted(CountsAs.RESCUED, row.origin)


def counted_hidden(before: ImageRow) -> Counted | None:
    """Count an object that is missing: its bytes are no longer stored."""
    return Counted(None, Origin.PLATFORM, _change(before.shown, None)) if before.shown is not None else None


def _change(before: Shown | None, after: Shown | None) -> int:
    return (after.size if after is not None else 0) - (before.size if before is not None else 0)
