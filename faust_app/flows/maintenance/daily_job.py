"""Runs a job once per date of the platform's time zone, across all processes.

No alarm can be missed: every worker asks twice a minute whether a date is due. So a missed run is caught up by the first
worker that starts, and a run whose worker died starts over.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from functools import partial

import structlog

from faust_app.core.maintenance.jobs import FinishedRun, RunResult, due_date
from faust_app.flows.maintenance.lease import under_lease
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import JobRuns
from faust_app.metrics import Metrics

log = structlog.get_logger()

Body = Callable[[datetime, FinishedRun | None], Awaitable[RunResult | None]]
"""Runs the job at a time (UTC), given the last run; None if there is more to do, which the next pass continues."""


@dataclass(frozen=True, slots=True)
class Daily:
    """When daily jobs are due, and the name under which this process holds them."""

    zone: tzinfo
    at: time
    holder: str


class DailyJob:
    """Runs in every worker; the claim on the day's run picks one. Result, message and end of run are written together."""

    def __init__(self, job: str, body: Body, runs: JobRuns, daily: Daily, metrics: Metrics, *, clock: Clock) -> None:
        self._job = job
        self._body = body
        self._runs = runs
        self._clock = clock
        self._daily = daily
        self._metrics = metrics
        self._first_pass: datetime | None = None

    async def run_pass(self) -> bool:
        """Run the job if a date is due and no other process runs it; return whether it finished. Raises Unavailable."""
        now, last = await self._clock.now(), await self._runs.last(self._job)
        self._first_pass = self._first_pass or now
        # Without a run yet the first pass stands in its place: a job that never finishes is missed like one that no longer does.
        self._metrics.job_finished.labels(self._job).set(_unix(last.finished if last is not None else self._first_pass))
        day = due_date(now, self._daily.zone, self._daily.at, last.day if last is not None else None)
        if day is None:
            return False
        hold = partial(self._runs.hold, self._job, day, self._daily.holder)
        result = await under_lease(self._job, hold, partial(self._body, now, last))
        if result is None or not await self._runs.finish(self._job, day, self._daily.holder, result):
            return False
        self._metrics.job_finished.labels(self._job).set(_unix(await self._clock.now()))
        log.info("daily job done", job=self._job, day=day.isoformat(), sent=result.message is not None)
        return True


def _unix(at: datetime) -> float:
    return at.replace(tzinfo=UTC).timestamp()
