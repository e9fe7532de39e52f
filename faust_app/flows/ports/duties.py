"""What recurring duties keep and look at: garbage, leases, runs, tables. Raises Unavailable like the rows of the images."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from faust_app.core.collection import CollectorState, GarbageCounts
from faust_app.core.image import ImageKey
from faust_app.core.job_run import FinishedRun, RunResult
from faust_app.core.months import Month
from faust_app.core.outcome import Garbage
from faust_app.core.table_growth import TableSize


class GarbageRepository(Protocol):
    """What waits to be deleted from the bucket. Raises Unavailable like the rows."""

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        """Return up to `limit` due entries with their ids, oldest first."""
        ...

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        """Forget entries that are dealt with."""
        ...

    async def counts(self) -> GarbageCounts:
        """Count what is listed and what of it is due."""
        ...

    async def count_due(self, after: datetime | None, up_to: int) -> int:
        """Count entries that became due after the time, or ever, no further than to `up_to`."""
        ...

    async def listed(self, keys: Sequence[ImageKey]) -> set[str]:
        """Return every target that is listed for these images."""
        ...

    async def add_garbage(self, entries: Sequence[Garbage]) -> None:
        """List entries."""
        ...


class CollectorRow(Protocol):
    """The row of the collector. Raises Unavailable like the rows."""

    async def state(self) -> CollectorState:
        """Return what the database knows of the collector."""
        ...

    async def begin_pass(self, before: int) -> bool:
        """Count one more pass, unless another process did since `before` were read; tell whether it is counted."""
        ...

    async def catch_up(self, passes: int) -> None:
        """Count no fewer passes than these."""
        ...

    async def audited(self, key: str) -> None:
        """Keep that the bucket was looked at up to this key; an empty one begins anew."""
        ...

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ...

    async def images_about(self) -> int:
        """Return how many rows there are, by the database's own estimate."""
        ...


class Leases(Protocol):
    """Which process runs a duty that only one should run. Raises Unavailable like the alerts."""

    async def hold(self, name: str, holder: str) -> bool:
        """Take the lease if it is free or has run out, renew it if it is ours; tell whether we hold it now."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give the lease back, so that another need not wait for its end; one that is not ours stays."""
        ...


class JobRuns(Protocol):
    """The runs of daily jobs, one for each job and date. Raises Unavailable like the alerts."""

    async def last(self, job: str) -> tuple[datetime, FinishedRun | None]:
        """Return the database's clock and the newest run that was finished."""
        ...

    async def finished_before(self, job: str, before: datetime) -> FinishedRun | None:
        """Return the newest run that was finished by then."""
        ...

    async def hold(self, job: str, day: date, holder: str) -> bool:
        """Take the run of the day if nobody is at it and it is not done, renew it if it is ours; tell whether it is.

        A run is its holder's for `core.lease.LEASE` from when it was last asked for.
        """
        ...

    async def finish(self, job: str, day: date, holder: str, result: RunResult) -> bool:
        """Note that the run is done, with its message in the same transaction; False when it is no longer ours."""
        ...


class HistoryMonths(Protocol):
    """The months the history is kept in. A change gives way where it would make others wait. Raises Unavailable."""

    async def names(self) -> list[str]:
        """Return the names of the months there are, and of the last partition."""
        ...

    async def overflows(self) -> bool:
        """Tell whether there are rows later than the last month: splitting them would take long."""
        ...

    async def add(self, month: Month) -> bool:
        """Add a month behind the others; False, and nothing done, when the table is busy."""
        ...

    async def drop(self, name: str) -> bool:
        """Drop a month with all its rows; False, and nothing done, when the table is busy."""
        ...


class OldRows(Protocol):
    """Rows that are older than is kept, deleted some at a time. Raises Unavailable like the rows."""

    async def purge_tombstones(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` rows of images that were deleted before then and did not return; return how many."""
        ...

    async def oldest_garbage(self) -> datetime | None:
        """Return when the oldest garbage was, or is, due."""
        ...

    async def forget_workers(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` workers that were not seen since; return how many."""
        ...

    async def forget_sources(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` records of sources that were not written since then; return how many."""
        ...


class TableSizes(Protocol):
    """How large the tables are. Raises Unavailable like the rows."""

    async def read(self) -> list[TableSize]:
        """Return the size of every table, by name."""
        ...


class WorkerRegister(Protocol):
    """The row of the worker that asks. Raises Unavailable like the rows."""

    async def start(self) -> str | None:
        """Enter the worker with its release; return why its intake is stopped, None where it is not.

        A stop that another release left behind is lifted.
        """
        ...

    async def report(self) -> str | None:
        """Write that the worker lives; return why its intake is stopped, None where it is not."""
        ...

    async def stop_intake(self, reason: str) -> None:
        """Keep that the worker's intake is stopped, and why."""
        ...
