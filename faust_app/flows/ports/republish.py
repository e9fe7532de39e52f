"""How flows plan, control and carry out republish runs.

Every method raises Unavailable when the database fails. Every change writes its audit entry in the same transaction.
"""

from collections.abc import Sequence
from typing import Protocol

from faust_app.core.alerts.message import AlertMessage
from faust_app.core.images.row import ImageKey
from faust_app.core.messages.positions import Offsets
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.republish.items import ItemStatus
from faust_app.core.republish.run import Draft, Left, ListedItem, RulesOf, Run, RunCounts, RunStatus


class RepublishRuns(Protocol):
    """Runs, from plan to end."""

    async def plan(self, draft: Draft, offsets: Offsets, rules_of: RulesOf, audit: AuditEntry) -> Run:
        """Make the plan: an item with the version it has now for every selected image, planned or skipped.

        To the rules of `rules_of` it adds the shops that are paused now.
        `offsets` were committed before this is called. A draft whose request key is known returns the run of the first one.
        """
        ...

    async def get(self, number: int) -> Run | None:
        """Return the run."""
        ...

    async def newest(self, before: int | None, limit: int) -> list[Run]:
        """Return up to `limit` runs, newest first, continuing before the run `before`."""
        ...

    async def watched(self) -> list[Run]:
        """Return the runs that may have images under way: those that are active, and plans of which one was tried."""
        ...

    async def counts(self, number: int) -> RunCounts:
        """Count the run's images."""
        ...

    async def items(self, number: int, status: ItemStatus, after: ImageKey | None, limit: int) -> list[ListedItem]:
        """Return up to `limit` images of the run that stand so, by key, continuing after `after`."""
        ...

    async def start(self, number: int, audit: AuditEntry) -> Run | None:
        """Start the planned run, or return the active run of the same selection; None if it is neither."""
        ...

    async def change(self, number: int, allowed: Sequence[RunStatus], to: RunStatus, audit: AuditEntry) -> bool:
        """Set the status if it is one of `allowed`; return whether it was."""
        ...

    async def set_rate(self, number: int, rate: float, audit: AuditEntry) -> bool:
        """Set the images a second of a run that has not ended; return whether it has not."""
        ...

    async def end(self, run: Run, to: RunStatus, message: AlertMessage | None) -> bool:
        """Set the final status of a run that is as it was read, and queue the message; return whether it was."""
        ...


class RepublishItems(Protocol):
    """The steps of a run; each is one transaction, and safe with two processes at once."""

    async def begin(self, number: int, offsets: Offsets) -> int:
        """Begin as many planned images as the rate allows now; return how many were published again and not skipped.

        An image of a shop that is paused now is skipped.
        """
        ...

    async def try_one(self, number: int, offsets: Offsets, audit: AuditEntry) -> ImageKey | None:
        """Begin one image of a run that is not started; None if none is left or it is started."""
        ...

    async def take_back(self, number: int, limit: int) -> int:
        """Restore up to `limit` images of a cancelled run that have no outcome; return how many were looked at."""
        ...

    async def watch(self, number: int, after: ImageKey | None, limit: int) -> ImageKey | None:
        """Find out what became of up to `limit` images under way, after `after`; return where to continue, None at the end."""
        ...

    async def left(self, number: int) -> Left:
        """Return whether images are left to begin, and whether some are under way."""
        ...
