"""Once a day somebody looks at what is in progress for too long, whatever else watches: nothing is forgotten in silence."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from faust_app.core.alert_text import Place
from faust_app.core.daily_report import OPEN_TOO_LONG, DailyReport, OpenTally, daily_report, rescued_since
from faust_app.core.daily_text import daily_message
from faust_app.core.job_run import FinishedRun, RunResult
from faust_app.flows.ports.images import OpenImages
from faust_app.flows.ports.kafka import ConsumerOffsets

log = structlog.get_logger()

PAGE: Final = 1000


class DailyCheck:
    """Reads and reports; changes nothing. Without a messenger nothing is told, and the report is kept and logged all the same."""

    def __init__(self, images: OpenImages, offsets: ConsumerOffsets, place: Place, *, has_messenger: bool, all_well: bool) -> None:
        self._images = images
        self._offsets = offsets
        self._place = place
        self._has_messenger = has_messenger
        self._all_well = all_well

    async def run(self, now: datetime, last: FinishedRun | None) -> RunResult:
        """Return what is found at `now`, and the message about it where there is one to send. Raises Unavailable."""
        report = await self.look(now, None if last is None else last.result)
        log.info(
            "daily check", images=report.images, lost=report.lost, waiting=report.waiting, queued=report.queued, rescues=report.rescues
        )
        return self.result(report)

    def result(self, report: DailyReport) -> RunResult:
        """Return the report as it is kept, and its message."""
        message = daily_message(report, self._place, all_well=self._all_well) if self._has_messenger else None
        return RunResult(report.as_json(), message)

    async def look(self, now: datetime, last: Mapping[str, Any] | None) -> DailyReport:
        """Return how things stand. As everywhere, committed offsets are read before the rows, log ends after them."""
        tally, after = OpenTally(now), None
        while True:
            offsets = await self._offsets.committed()
            rows = await self._images.opened_before(now - OPEN_TOO_LONG, after, PAGE)
            tally.add(rows, offsets, await self._offsets.ends())
            if len(rows) < PAGE:
                break
            after = rows[-1]
            await asyncio.sleep(0)
        since = rescued_since(now, last)
        return daily_report(tally, since, await self._images.rescued_since(since))
