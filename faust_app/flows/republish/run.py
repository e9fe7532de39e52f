"""Carries out the active republish runs: begins images at each run's rate, takes back what is cancelled, watches outcomes."""

from typing import Final

import structlog

from faust_app.core.images.row import ImageKey
from faust_app.core.republish.report import end_message
from faust_app.core.republish.run import ACTIVE, Run, RunStatus
from faust_app.core.text import Place
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.flows.ports.republish import RepublishItems, RepublishRuns
from faust_app.metrics import Metrics

log = structlog.get_logger()

TAKEN_BACK_AT_ONCE: Final = 500
WATCHED_AT_ONCE: Final = 5000
WATCHED_PAGES: Final = 2
"""Pages of images under way that a pass looks at, so that watching 120,000 of them takes twelve passes and little of each."""


class RepublishRunner:
    """Runs once a second in one process at a time.

    Risk: fetches what the plan lists. Two at once are harmless, since each step locks its run; a process that dies
    between two steps leaves the rest to the next one.
    """

    def __init__(
        self,
        runs: RepublishRuns,
        items: RepublishItems,
        offsets: ConsumerOffsets,
        metrics: Metrics,
        *,
        clock: Clock,
        place: Place,
        has_messenger: bool,
    ) -> None:
        self._runs = runs
        self._items = items
        self._offsets = offsets
        self._metrics = metrics
        self._clock = clock
        self._place = place
        self._has_messenger = has_messenger
        self._watched_to: dict[int, ImageKey | None] = {}

    async def run_pass(self) -> int:
        """Do a second's work for every active run; return how many there are. Raises Unavailable; what was done stays done."""
        runs = await self._runs.watched()
        for status in ACTIVE:
            self._metrics.republish_runs.labels(status.value).set(sum(run.status is status for run in runs))
        self._watched_to = {run.number: self._watched_to.get(run.number) for run in runs}
        for run in runs:
            await self._advance(run)
        return len(runs)

    def stand_down(self) -> None:
        """Show no runs: another process carries them out, and shows them."""
        self._metrics.republish_runs.clear()

    async def _advance(self, run: Run) -> None:
        if run.status is RunStatus.RUNNING:
            begun = await self._items.begin(run.number, await self._offsets.committed())
            self._metrics.republished.inc(begun)
        if run.status is RunStatus.CANCELLING:
            while await self._items.take_back(run.number, TAKEN_BACK_AT_ONCE) == TAKEN_BACK_AT_ONCE:
                pass
        await self._watch(run)
        if run.status in {RunStatus.RUNNING, RunStatus.CANCELLING}:
            await self._end(run)

    async def _watch(self, run: Run) -> None:
        for _ in range(WATCHED_PAGES):
            after = await self._items.watch(run.number, self._watched_to[run.number], WATCHED_AT_ONCE)
            self._watched_to[run.number] = after
            if after is None:
                return

    async def _end(self, run: Run) -> None:
        cancelled = run.status is RunStatus.CANCELLING
        left = await self._items.left(run.number)
        if left.under_way or (left.to_begin and not cancelled):
            return
        to, counts = RunStatus.CANCELLED if cancelled else RunStatus.FINISHED, await self._runs.counts(run.number)
        now = await self._clock.now()
        message = end_message(run, counts, self._place, now, cancelled=cancelled) if self._has_messenger else None
        if await self._runs.end(run, to, message):
            log.info("republish ended", run=run.number, status=to.value, **{status.value: n for status, n in counts.by_status.items()})
