"""What maintenance tasks read and store: garbage, leases, runs of daily jobs, retention, workers.

Every method raises Unavailable when the database fails.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from faust_app.core.images.outcome import Garbage
from faust_app.core.images.row import ImageKey
from faust_app.core.maintenance.garbage import CollectorState, GarbageCounts
from faust_app.core.maintenance.growth import TableSize
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.core.maintenance.retention import Month
from faust_app.core.monitoring.workers import WorkerLoad


class GarbageRepository(Protocol):
    """Objects to delete from the bucket. Raises Unavailable."""

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        """Return up to `limit` due entries with their ids, oldest first."""
        ...

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        """Delete processed entries."""
        ...

    async def counts(self) -> GarbageCounts:
        """Count the listed and the due entries, with the ten shops that have the most due."""
        ...

    async def count_due(self, after: datetime | None, up_to: int) -> int:
        """Count the due entries that became due after `after` (None: at any time), and stop at `up_to`."""
        ...

    async def listed(self, keys: Sequence[ImageKey]) -> set[str]:
        """Return every target listed for these images."""
        ...

    async def add_garbage(self, entries: Sequence[Garbage]) -> None:
        """Add entries."""
        ...


class CollectorRow(Protocol):
    """What the garbage collector and the audit keep from pass to pass. Raises Unavailable."""

    async def state(self) -> CollectorState:
        """Return the stored state."""
        ...

    async def begin_pass(self, before: int) -> bool:
        """Count a pass if the count is still `before`; return False if another process has counted one meanwhile."""
        ...

    async def catch_up(self, passes: int) -> None:
        """Raise the count to at least `passes`."""
        ...

    async def audited(self, key: str) -> None:
        """Record that the audit has covered the bucket up to this key; an empty key restarts it."""
        ...

    async def images_about(self) -> int:
        """Return the database's estimate of the number of image rows."""
        ...


class Leases(Protocol):
    """Leases, by which one process at a time runs a task. Raises Unavailable."""

    async def hold(self, name: str, holder: str) -> bool:
        """Acquire the lease if it is free or expired, renew it if `holder` has it; return whether `holder` holds it now."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Release the lease, so that another process need not wait for its expiry; another holder's lease stays."""
        ...


class JobRuns(Protocol):
    """Runs of daily jobs, one per job and date. Raises Unavailable."""

    async def last(self, job: str) -> FinishedRun | None:
        """Return the job's newest finished run."""
        ...

    async def finished_before(self, job: str, before: datetime) -> FinishedRun | None:
        """Return the job's newest run that finished by `before`."""
        ...

    async def hold(self, job: str, day: date, holder: str) -> bool:
        """Claim the day's run if it is unfinished and unclaimed, renew the claim if `holder` has it; return whether `holder` has it.

        A claim lasts `core.maintenance.lease.LEASE` from its last renewal.
        """
        ...

    async def finish(self, job: str, day: date, holder: str, result: RunResult) -> bool:
        """Record the result and queue its message in one transaction; return False if `holder` has lost the claim."""
        ...


class HistoryMonths(Protocol):
    """The monthly partitions of the history. A change gives up rather than block a busy table. Raises Unavailable."""

    async def names(self) -> list[str]:
        """Return the names of the months and of the open-ended last partition."""
        ...

    async def overflows(self) -> bool:
        """Return whether rows lie past the last month; splitting them off would take long."""
        ...

    async def add(self, month: Month) -> bool:
        """Add a month after the last one; return False, with nothing changed, if the table is busy."""
        ...

    async def drop(self, name: str) -> bool:
        """Drop a month with all its rows; return False, with nothing changed, if the table is busy."""
        ...


class OldRows(Protocol):
    """Rows past their retention, deleted in batches. Raises Unavailable."""

    async def purge_tombstones(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` tombstones of images deleted before `before` and not registered again; return how many."""
        ...

    async def oldest_garbage(self) -> datetime | None:
        """Return the earliest due time of any garbage entry, None if there is none."""
        ...

    async def forget_workers(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` workers last seen before `before`; return how many."""
        ...

    async def forget_sources(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` records of sources last written before `before`; return how many."""
        ...

    async def forget_runs(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` runs of daily jobs that began before `before`; return how many."""
        ...

    async def forget_imports(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` records of imports that made no progress since `before`; return how many."""
        ...

    async def forget_rejections(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` rejections older than `before`; return how many."""
        ...

    async def forget_results(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` results that were put in order before `before` and are published; return how many.

        How far results may be gone becomes known with their deletion.
        """
        ...

    async def forget_republishes(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` images of an ended republish run planned before `before`, or the run once it has none; return how many."""
        ...

    async def forget_causes(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` decisions about causes, and as many notes of shops asked, from before `before`; return how many."""
        ...

    async def forget_controls(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` controls of lanes and shops that ended before `before`; return how many."""
        ...

    async def forget_audit(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` entries of the audit written before `before`; return how many."""
        ...

    async def forget_sessions(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` sessions last used before `before`; return how many."""
        ...

    async def forget_one_time(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` one-time log-ins that expired before `before`; return how many."""
        ...

    async def forget_failed_log_ins(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` counts of failed log-ins whose last failure was before `before`; return how many."""
        ...

    async def forget_report_sessions(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` sessions of shops whose last request was before `before`; return how many."""
        ...

    async def forget_report_links(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` used links that ended before `before`; return how many."""
        ...

    async def forget_test_fetches(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` test fetches that were asked for before `before`; return how many."""
        ...


class TableSizes(Protocol):
    """Sizes of the tables. Raises Unavailable."""

    async def read(self) -> list[TableSize]:
        """Return the size of every table, ordered by name."""
        ...


class WorkerRegister(Protocol):
    """The calling worker's row: its release, when it was last seen, and whether its intake is stopped. Raises Unavailable."""

    async def start(self) -> str | None:
        """Register the worker with its release; return why its intake is stopped, None if it is not.

        A stop left by another release is lifted.
        """
        ...

    async def report(self) -> str | None:
        """Record that the worker is alive; return why its intake is stopped, None if it is not."""
        ...

    async def store_load(self, load: WorkerLoad) -> None:
        """Record how many events the worker holds, and what keeps it from starting any."""
        ...

    async def store_fairness(self, text: str) -> None:
        """Record what the worker knows of who waits for its slots, as `core.dispatch.fairness` writes it."""
        ...

    async def stop_intake(self, reason: str) -> None:
        """Record that the worker's intake is stopped, and why."""
        ...
