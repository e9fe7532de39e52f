"""How an event ended: a closed set of values, and what their end writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.alerts.alert import Occurrence
from faust_app.core.failure import Failure, FailureCode
from faust_app.core.images.counted import Counted
from faust_app.core.images.row import ImageKey, ImageRow, Shown

LATE_PUT: Final = timedelta(hours=1)
"""How long a PUT that timed out may still land; garbage is checked again after it."""


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
class Deferred:
    """The image waits for its source, or for us, and nothing is counted against it; code and detail say why where it is known."""

    row: ImageRow
    delay: timedelta
    code: FailureCode | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AckedEarly:
    """The image is still being worked on, and its row is due after so much time, should that never end."""

    row: ImageRow
    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A record without a row: it is dead-lettered as it is. Not an outcome of an image."""

    code: FailureCode
    detail: str


Outcome = Stored | Kept | Removed | Failed | Retry | Deferred | AckedEarly


@dataclass(frozen=True, slots=True)
class Garbage:
    """A key, or a prefix that ends with a slash, to delete when due and when no row can show it any more."""

    key: ImageKey
    target: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of an image's timeline; the release and worker that wrote it are filled in where it is stored."""

    key: ImageKey
    at: datetime
    version: int
    outcome: str
    code: str | None = None
    detail: str | None = None
    size: int | None = None
    judged_by: str | None = None
    worker: str | None = None
    counted: Counted | None = None
    """What it adds to the statistics; None where it counts nowhere, and where a timeline is read."""


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
