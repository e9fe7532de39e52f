"""What is decided about rows while they are locked, and what is to be written of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from faust_app.core.alerts.alert import Occurrence
from faust_app.core.images.outcome import Garbage, HistoryEntry, Settlement
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.transitions.told import of_finished
from faust_app.core.messages.positions import IntakeOffset
from faust_app.core.messages.rejection import Rejection
from faust_app.core.results.result import Result


@dataclass(frozen=True, slots=True)
class Locked:
    """Rows under lock, the database's clock after the lock, and the reader's offset where one was locked."""

    rows: Mapping[ImageKey, ImageRow]
    now: datetime
    offset: IntakeOffset | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A row that is scheduled from now on, and the attempt it was at: another attempt's outcome is not overwritten."""

    row: ImageRow
    attempt: int


@dataclass(slots=True)
class Changes:
    """What to write in the same transaction: rows that were accepted, finished or scheduled, and their traces."""

    accepted: list[ImageRow] = field(default_factory=list)
    finished: list[ImageRow] = field(default_factory=list)
    scheduled: list[Scheduled] = field(default_factory=list)
    repeated: list[ImageRow] = field(default_factory=list)
    """Rows that were asked for again: only when, by whom, and the product's name and SKU are written."""
    again: list[ImageRow] = field(default_factory=list)
    """Finished rows that begin anew in the same transaction, written after `finished`."""
    restored: list[ImageRow] = field(default_factory=list)
    """Accepted rows that are finished as they were before, by the release that had settled them."""
    hidden: list[ImageRow] = field(default_factory=list)
    """Accepted rows that show nothing any more."""
    history: list[HistoryEntry] = field(default_factory=list)
    garbage: list[Garbage] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    """What is told of them, once it is committed: one result for each of `finished`, by `take`, and what else is answered."""
    offset: IntakeOffset | None = None

    def take(self, settlement: Settlement, *, attempt: int) -> None:
        """Add what a settlement writes; `attempt` is the one its row was at. A refused one only leaves garbage."""
        row = settlement.row
        if row is not None and row.state is ImageState.IN_PROGRESS:
            self.scheduled.append(Scheduled(row, attempt))
        elif row is not None:
            self.finished.append(row)
            if settlement.history is not None:
                self.results.append(of_finished(row, settlement.history))
        if settlement.again is not None:
            self.again.append(settlement.again)
        if settlement.history is not None:
            self.history.append(settlement.history)
        if settlement.occurrence is not None:
            self.occurrences.append(settlement.occurrence)
        self.garbage.extend(settlement.garbage)


R = TypeVar("R")
Decide = Callable[[Locked], tuple[Changes, R]]
"""A pure decision over locked rows; it may be asked again with other rows after a deadlock."""
