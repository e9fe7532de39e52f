"""Where one picture stands, as its shop is told: what is shown and since when, why not the new one, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from faust_app.core.causes.suspicion import Blame
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.core.reports.mend import Standing, is_ours
from faust_app.core.sources.health import SourceRecord

_STORED: Final = "stored"
"""The outcome by which bytes came to be shown; later versions with the same bytes leave them as they are."""


class Showing(StrEnum):
    """What visitors of the shop see."""

    NEWEST = "newest"  #: the picture that was asked for last
    OLDER = "older"  #: the one before
    NOTHING = "nothing"
    DELETED = "deleted"  #: nothing, as it was asked for


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. Times are UTC without a zone; `standing` is None while nothing is wrong."""

    row: ImageRow
    showing: Showing
    shown_since: datetime | None
    standing: Standing | None
    next_at: datetime | None

    @property
    def may_be_retried(self) -> bool:
        """Whether its shop may have it tried again."""
        return self.standing is Standing.ACT


def picture_of(row: ImageRow, history: Sequence[HistoryEntry], blame: Blame, source: SourceRecord | None) -> Picture:
    """Return where the row stands; `history` is its timeline, newest first, `source` the record that gives its host time."""
    since = next((entry.at for entry in history if entry.version <= row.shown_version and entry.outcome == _STORED), None)
    return Picture(row, showing_of(row), since if row.shown is not None else None, _standing(row, blame), _next_at(row, source))


def showing_of(row: ImageRow) -> Showing:
    """Return what visitors see of the image."""
    if row.state is ImageState.DELETED:
        return Showing.DELETED
    if row.shown is None:
        return Showing.DELETED if row.op is Op.DELETE else Showing.NOTHING
    return Showing.NEWEST if row.state is ImageState.DONE else Showing.OLDER


def _standing(row: ImageRow, blame: Blame) -> Standing | None:
    if row.state is ImageState.FAILED:
        return Standing.OURS if is_ours(row.fingerprint or row.error_code or "", row.judged_by, blame) else Standing.ACT
    return Standing.TRYING if row.state is ImageState.IN_PROGRESS else None


def _next_at(row: ImageRow, source: SourceRecord | None) -> datetime | None:
    if row.state is not ImageState.IN_PROGRESS:
        return None
    times = [at for at in (row.scheduled_at, source.probe_at if source is not None else None) if at is not None]
    return max(times, default=None)
