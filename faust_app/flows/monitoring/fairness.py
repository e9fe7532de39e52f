"""Who waits for slots: each worker reports what it knows, and every process adds up the reports of all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from faust_app.core.dispatch.fairness import Fairness, fairness_text, parse_fairness, sum_of
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.ports.monitoring import WorkerList
from faust_app.metrics import Metrics

log = structlog.get_logger()

STALE_AFTER: Final = 30.0
"""Seconds after which a worker's report counts no more."""
_LABEL_OF_REST: Final = "rest"
"""The label of the shops that are not told apart."""


class ReportFairness:
    """Writes what this worker knows into its row and its metrics; `snapshot` returns it."""

    def __init__(self, register: WorkerRegister, metrics: Metrics, snapshot: Callable[[], Fairness]) -> None:
        self._register = register
        self._metrics = metrics
        self._snapshot = snapshot

    async def run_pass(self) -> None:
        """Report. Raises Unavailable; the metrics are right then too."""
        snapshot = self._snapshot()
        self._show(snapshot)
        await self._register.store_fairness(fairness_text(snapshot))

    def _show(self, snapshot: Fairness) -> None:
        metrics = self._metrics
        for each in snapshot.shares:
            share = each.share.value
            metrics.fair_waiting.labels(share).set(each.waiting)
            metrics.fair_running.labels(share).set(each.running)
            metrics.fair_oldest.labels(share).set(each.oldest_s)
            metrics.fair_bound.labels(share).set(max(each.bound_s, each.wait_bound_s))
            metrics.fair_wait.labels(share).set(each.wait_s)
            metrics.fair_exceeded.labels(share).set(each.exceeded)
        metrics.shop_slot_seconds.clear()  # a shop that is no longer among the first leaves no series behind
        for shop in snapshot.shops:
            metrics.shop_slot_seconds.labels(str(shop.shop)).set(shop.minute_s)
        metrics.shop_slot_seconds.labels(_LABEL_OF_REST).set(snapshot.rest.minute_s)


@dataclass(frozen=True, slots=True)
class FairnessReport:
    """What all workers know together, as of a time (UTC); `unreadable` are workers whose report this release cannot read."""

    as_of: datetime
    total: Fairness
    unreadable: tuple[str, ...] = ()


class WatchFairness:
    """Keeps the newest report. `now` is the time of day, UTC without a zone, and `seconds` a clock that never goes back."""

    def __init__(self, workers: WorkerList, *, now: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._workers = workers
        self._now = now
        self._seconds = seconds
        self._at = 0.0
        self.report: FairnessReport | None = None
        """The last report; None before the first."""

    @property
    def age(self) -> float:
        """Seconds since the last report was made."""
        return self._seconds() - self._at

    def total(self) -> Fairness | None:
        """Return what all workers know together, None while there is no report, or only a stale one."""
        return self.report.total if self.report is not None and self.age < STALE_AFTER else None

    async def limiting_server(self, shop_no: int) -> str | None:
        """Return the shop's own image server, where that is what its images wait for by reports that are read now. Raises Unavailable."""
        await self.run_pass()
        total = self.total()
        shop = None if total is None else total.shop(shop_no)
        return None if shop is None else shop.limiting_server

    async def run_pass(self) -> None:
        """Add up the reports that are not stale. Raises Unavailable; the last report then stays."""
        snapshots, unreadable = list[Fairness](), list[str]()
        for name, text in await self._workers.fairness_within(STALE_AFTER):
            try:
                snapshots.append(parse_fairness(text))
            except ValueError as error:
                unreadable.append(name)
                log.debug("report of a worker cannot be read", worker=name, reason=str(error))
        self.report, self._at = FairnessReport(self._now(), sum_of(snapshots), tuple(unreadable)), self._seconds()
