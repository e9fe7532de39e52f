"""Daily report of images in progress for over a day, and of what was rescued since the last report."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from faust_app.core.maintenance.daily_report import OPEN_TOO_LONG, DailyReport, OpenTally, daily_report, rescued_since
from faust_app.core.maintenance.daily_text import daily_message
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.core.text import Place
from faust_app.flows.ports.images import OpenImages
from faust_app.flows.ports.kafka import ConsumerOffsets

log = structlog.get_logger()

ROWS_A_PAGE: Final = 1000


class DailyCheck:
    """Reports what has been in progress for over a day. Without a messenger the report is only stored and logged.

    Risk: none to the data, it only reads. A run that is cut short starts over, and still sends one message.
    """

    def __init__(self, images: OpenImages, offsets: ConsumerOffsets, place: Place, *, has_messenger: bool, all_well: bool) -> None:
        self._images = images
        self._offsets = offsets
        self._place = place
        self._has_messenger = has_messenger
        self._all_well = all_well

    async def run(self, now: datetime, last: FinishedRun | None) -> RunResult:
        """Return the findings at `now`, with a message if there is one to send. Raises Unavailable."""
        report = await self.examine(now, None if last is None else last.result)
        log.info(
            "daily check", images=report.images, lost=report.lost, scheduled=report.scheduled, queued=report.queued, rescues=report.rescues
        )
        return self.result(report)

    def result(self, report: DailyReport) -> RunResult:
        """Return the report as it is stored, with its message."""
        message = daily_message(report, self._place, all_well=self._all_well) if self._has_messenger else None
        return RunResult(report.as_json(), message)

    async def examine(self, now: datetime, last: Mapping[str, Any] | None) -> DailyReport:
        """Return the report at `now`; `last` is the result of the last run. Raises Unavailable."""
        tally, after = OpenTally(now), None
        while True:
            # The order makes the answer true: a row that has a position below an offset committed before the row was read
            # has no worker left.
            offsets = await self._offsets.committed()
            rows = await self._images.opened_before(now - OPEN_TOO_LONG, after, ROWS_A_PAGE)
            tally.add(rows, offsets, await self._offsets.ends())
            if len(rows) < ROWS_A_PAGE:
                break
            after = rows[-1]
            await asyncio.sleep(0)
        since = rescued_since(now, last)
        return daily_report(tally, since, await self._images.rescued_since(since))
