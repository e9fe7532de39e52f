"""The statistics as a task of one process: the nightly job, days that are missing, and loads that operators asked for."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.statistics.load import Loaded
from faust_app.core.statistics.run import StatisticsRun
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.statistics import StatisticsRuns
from faust_app.flows.statistics.load import LoadIncomplete, ZoneChanged
from faust_app.flows.statistics.load_range import LoadRange, RangeError
from faust_app.flows.statistics.nightly import NightlyFindings, NightlyStatistics

log = structlog.get_logger()

PAUSE: Final = 60.0
"""Seconds after a failure: a night that fails late would count whole days again and again."""
_FAILURES: Final = (StoreUnavailable, LoadIncomplete, ZoneChanged)


class StatisticsTask:
    """Its passes; each is safe beside another process that does the same. They raise Unavailable when the database is."""

    def __init__(
        self, nightly: NightlyStatistics, night: Callable[[], Awaitable[bool]], ranges: LoadRange, runs: StatisticsRuns, *, alerts: Alerts,
        seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        """`night` runs the nightly job if it is due; `seconds` counts them in this process."""
        self._nightly = nightly
        self._night = night
        self._ranges = ranges
        self._runs = runs
        self._alerts = alerts
        self._seconds = seconds
        self._pause_until = 0.0

    async def run_pass(self) -> int:
        """Do what is due; return how many days were loaded or asked for. After a failure nothing is tried for PAUSE."""
        if self._seconds() < self._pause_until:
            return 0
        try:
            done = await self._requested()
            await self._night()
            findings = NightlyFindings()
            await self._nightly.catch_up(findings)
        except _FAILURES as failure:
            log.warning("statistics are not loaded", reason=str(failure))
            self._alerts.open(FaultKind.STATISTICS_LATE, detail=str(failure))
            self._pause_until = self._seconds() + PAUSE
            return 0
        self._alerts.close(FaultKind.STATISTICS_LATE)
        return done + len(findings.loaded)

    async def _requested(self) -> int:
        """Do the loads that operators asked for. One that was cut short begins again with its first day: that is safe."""
        done = 0
        while (run := await self._runs.next()) is not None:
            problem = None
            try:
                done += await self._run(run)
            except RangeError as refused:
                problem = str(refused)
            except _FAILURES as failure:
                await self._runs.end(run.number, str(failure))
                raise
            await self._runs.end(run.number, problem)
        return done

    async def _run(self, run: StatisticsRun) -> int:
        done = changed = 0
        async for load in self._ranges.run(await self._ranges.days(run.first, run.last), verify=True, reason=run.reason):
            done, changed = done + 1, changed + (load.outcome is not Loaded.UNCHANGED)
            await self._runs.advance(run.number, days_done=done, days_changed=changed)
        return done
