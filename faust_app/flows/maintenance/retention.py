"""Deletes what is past its retention, once a day: rows in batches, the history by whole months.

A pass deletes a bounded amount and the next one continues with what is left; no progress is stored. Changing the months
of the history blocks every settle, so it is tried once a day, last, and gives up on a busy table: months are added three
ahead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from faust_app.core.maintenance.growth import sizes_json
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.core.maintenance.retention import (
    AUDIT,
    COLLECTOR_BEHIND,
    CONTROLS,
    FAILED_LOG_INS,
    HISTORY_MONTHS,
    REPORTS,
    RESULTS,
    SESSIONS,
    SOURCES,
    TOMBSTONES,
    WORKERS,
    months_missing,
    months_over,
)
from faust_app.flows.ports.maintenance import HistoryMonths, OldRows, TableSizes
from faust_app.metrics import Metrics

log = structlog.get_logger()

AT_ONCE: Final = 500
"""Rows per deletion."""
RESULTS_AT_ONCE: Final = 2000
"""Results per deletion: with a pass each half minute, faster than they come."""
DELETIONS_A_PASS: Final = 20
"""Deletions per pass and table."""


class KeepLimits:
    """Enforces the retention of tombstones, results, records of what was run and done, and history.

    Risk: deletes for good. A tombstone deleted too early would let an old event bring its image back, so it outlives the
    retention of every topic, and stays while the collector is behind, which needs the row to judge the image's objects.
    Two at once are harmless: what one has deleted, the other does not find.
    """

    def __init__(
        self, months: HistoryMonths, rows: OldRows, sizes: TableSizes, metrics: Metrics, *, results_kept: timedelta = RESULTS
    ) -> None:
        self._months = months
        self._rows = rows
        self._sizes = sizes
        self._metrics = metrics
        self._results_kept = results_kept

    async def run(self, now: datetime, _: FinishedRun | None) -> RunResult | None:
        """Delete what is too old; return None if more is left for the next pass. Raises Unavailable; what was deleted stays deleted."""
        left = await self._purge("image", lambda: self._purge_tombstones(now))
        left |= await self._purge("worker", lambda: self._rows.forget_workers(now - WORKERS, AT_ONCE))
        left |= await self._purge("source_host", lambda: self._rows.forget_sources(now - SOURCES, AT_ONCE))
        left |= await self._purge("job_run", lambda: self._rows.forget_runs(now - REPORTS, AT_ONCE))
        left |= await self._purge("import_run", lambda: self._rows.forget_imports(now - REPORTS, AT_ONCE))
        left |= await self._purge("rejection", lambda: self._rows.forget_rejections(now - REPORTS, AT_ONCE))
        left |= await self._purge("result_feed", lambda: self._rows.forget_results(now - self._results_kept, RESULTS_AT_ONCE))
        left |= await self._purge("republish", lambda: self._rows.forget_republishes(now - REPORTS, AT_ONCE))
        left |= await self._purge("cause", lambda: self._rows.forget_causes(now - AUDIT, AT_ONCE))
        left |= await self._purge("control", lambda: self._rows.forget_controls(now - CONTROLS, AT_ONCE))
        left |= await self._purge("audit", lambda: self._rows.forget_audit(now - AUDIT, AT_ONCE))
        left |= await self._purge("session", lambda: self._rows.forget_sessions(now - SESSIONS, AT_ONCE))
        left |= await self._purge("one_time_log_in", lambda: self._rows.forget_one_time(now - FAILED_LOG_INS, AT_ONCE))
        left |= await self._purge("log_in_failure", lambda: self._rows.forget_failed_log_ins(now - FAILED_LOG_INS, AT_ONCE))
        left |= await self._purge("report_session", lambda: self._rows.forget_report_sessions(now - SESSIONS, AT_ONCE))
        left |= await self._purge("report_link_use", lambda: self._rows.forget_report_links(now - FAILED_LOG_INS, AT_ONCE))
        left |= await self._purge("test_fetch", lambda: self._rows.forget_test_fetches(now - FAILED_LOG_INS, AT_ONCE))
        if left:
            return None
        months_kept = await self._keep_months(now.date())
        return RunResult({"tables": sizes_json(await self._sizes.read()), "months_kept": months_kept})

    async def _purge(self, table: str, delete: Callable[[], Awaitable[int]]) -> bool:
        """Delete batch after batch, at most DELETIONS_A_PASS; return whether more may be left."""
        gone = 0
        for _ in range(DELETIONS_A_PASS):
            rows = await delete()
            gone += rows
            if not rows:
                break
            await asyncio.sleep(0)  # lets other tasks run between two batches
        if gone:
            self._metrics.purged.labels(table).inc(gone)
            log.info("old rows deleted", table=table, rows=gone, more=rows > 0)
        return rows > 0

    async def _purge_tombstones(self, now: datetime) -> int:
        oldest = await self._rows.oldest_garbage()
        if oldest is not None and oldest < now - COLLECTOR_BEHIND:
            log.warning("tombstones kept: the garbage collector is behind", oldest_garbage=oldest.isoformat())
            return 0
        return await self._rows.purge_tombstones(now - TOMBSTONES, AT_ONCE)

    async def _keep_months(self, today: date) -> bool:
        """Add and drop months; return whether exactly the wanted months exist."""
        names = await self._months.names()
        missing = months_missing(names, today)
        if missing and await self._months.overflows():
            log.error("history has rows past its last month; run `shop-images setup` at a quiet hour to split them", month=missing[0].name)
            return False
        for month in missing:
            if not await self._months.add(month):
                return self._busy(month.name)
            log.info("month of history added", month=month.name)
        for name in months_over(names, today, HISTORY_MONTHS):
            if not await self._months.drop(name):
                return self._busy(name)
            log.info("month of history dropped", month=name)
        return True

    def _busy(self, month: str) -> bool:
        log.warning("history is busy; its months will be changed tomorrow", month=month)
        return False
