"""What a worker did in the last seconds, as one line of its log in place of one for each image."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from faust_app.flows.monitoring.lag import WatchLag
from faust_app.metrics import Metrics

log = structlog.get_logger()

SUMMARY_SECONDS: Final = 10.0
"""Seconds between two lines."""
_KEPT: Final = ("same_bytes", "not_modified")
_FAILED: Final = ("failed", "refetch_failed")


class WorkSummary:
    """Writes the line, and none while there is nothing to tell: a worker that rests is silent."""

    def __init__(self, metrics: Metrics, lag: WatchLag, *, running: Callable[[], int], seconds: Callable[[], float]) -> None:
        self._metrics = metrics
        self._lag = lag
        self._running = running
        self._seconds = seconds
        self._since = seconds()
        self._before = self._ends()

    async def run_pass(self) -> None:
        """Compare the counts with those of the last pass."""
        now, ends = self._seconds(), self._ends()
        passed, done = max(now - self._since, 0.001), ends - self._before
        self._since, self._before = now, ends
        running = self._running()
        if not done and not running:
            return
        shown = {
            "stored": done["stored"],
            "kept": sum(done[end] for end in _KEPT),
            "deleted": done["deleted"],
            "failed": sum(done[end] for end in _FAILED),
            "retried": done["retry"],
        }
        others = done.total() - sum(shown.values())
        report = self._lag.report
        log.info(
            "images",
            **shown,
            others=others,
            per_second=round(done.total() / passed, 1),
            running=running,
            seconds=round(passed, 1),
            **({} if report is None else {"lag": report.lag, "lag_seconds": round(report.lag_seconds)}),
        )

    def _ends(self) -> Counter[str]:
        (family,) = self._metrics.events.collect()
        return Counter({sample.labels["end"]: int(sample.value) for sample in family.samples if sample.name.endswith("_total")})
