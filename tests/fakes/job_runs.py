"""The runs of daily jobs in memory, on a clock of the test's own."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from faust_app.core.alerts.message import AlertMessage
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.core.maintenance.lease import LEASE
from tests.factories import NOW


@dataclass
class Run:
    holder: str
    lease_until: datetime
    finished: datetime | None = None
    result: dict[str, Any] | None = None


class FakeJobRuns:
    """Implements `JobRuns`; `messages` are those that wait for the messenger, `away` makes every call Unavailable."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.runs: dict[tuple[str, date], Run] = {}
        self.messages: list[AlertMessage] = []
        self.unavailable = False

    async def last(self, job: str) -> FinishedRun | None:
        return await self.finished_before(job, datetime.max)  # noqa: DTZ901 - UTC without a zone

    async def finished_before(self, job: str, before: datetime) -> FinishedRun | None:
        self._answer()
        done = [
            FinishedRun(day, run.finished, run.result or {})
            for (name, day), run in self.runs.items()
            if name == job and run.finished is not None and run.finished <= before
        ]
        return max(done, key=lambda run: run.day, default=None)

    async def hold(self, job: str, day: date, holder: str) -> bool:
        self._answer()
        run = self.runs.setdefault((job, day), Run(holder, self.now))
        if run.finished is not None or (run.holder != holder and run.lease_until > self.now):
            return False
        run.holder, run.lease_until = holder, self.now + LEASE
        return True

    async def finish(self, job: str, day: date, holder: str, result: RunResult) -> bool:
        self._answer()
        run = self.runs.get((job, day))
        if run is None or run.holder != holder or run.finished is not None:
            return False
        run.finished, run.result = self.now, json.loads(json.dumps(dict(result.found)))
        if result.message is not None:
            self.messages.append(result.message)
        return True

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")
