"""What follows from internal errors: a shop whose images meet one is deferred, a broken release stops its worker."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.breaker import INTERNAL_ERROR_SECONDS, Window, release_is_broken
from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Deferred, Failed, Outcome, Retry
from faust_app.core.images.row import ImageRow
from faust_app.core.sources.shop_health import ShopHealth
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.resilience.deferral import Deferral, all_of
from faust_app.flows.resilience.held_events import HeldEvents

log = structlog.get_logger()

_SHOP_DEFERRED: Final = "Images of this shop meet an error of our own code, again and again; one a minute is tried."


class InternalErrorBreaker:
    """Counts outcomes that are internal errors; too many of them stop this worker. `jitter` spreads deferred images.

    The stop is kept in the worker's row, so it outlives a restart, until an operator lifts it or another release starts.
    While the database is unavailable the worker stops all the same, and its row is written afterwards.
    """

    def __init__(
        self, repository: ImageRepository, register: WorkerRegister, alerts: Alerts, held: HeldEvents, jitter: Callable[[], float]
    ) -> None:
        self._register = register
        self._alerts = alerts
        self._held = held
        self._deferral = Deferral(repository, jitter)
        self._health = ShopHealth()
        self._outcomes = Window(INTERNAL_ERROR_SECONDS)
        self._unwritten: str | None = None
        self._entered = False
        self.stop_reason: str | None = None
        """Why this worker starts nothing; None while it may."""

    @property
    def may_start(self) -> bool:
        """Whether events may start: not before the worker has read its row, and not while it is stopped."""
        return self._entered and self.stop_reason is None

    def admit(self, row: ImageRow) -> Deferred | None:
        """Return the deferral of an image whose shop meets nothing but internal errors, None where it may be tried."""
        if self._health.admits(row.shop_no, _now()):
            return None
        return self._deferral.defer(row, FailureCode.INTERNAL_ERROR, _SHOP_DEFERRED)

    def count(self, outcome: Outcome) -> None:
        """Count an outcome that was written."""
        if isinstance(outcome, Deferred):
            return
        shop_no, now = outcome.row.shop_no, _now()
        is_internal_error = isinstance(outcome, Retry | Failed) and outcome.code is FailureCode.INTERNAL_ERROR
        self._outcomes.add(now, bad=is_internal_error, shop=shop_no)
        if is_internal_error:
            self._failed(shop_no, now)
        else:
            self._answered(shop_no)

    async def run_pass(self) -> None:
        """Read or write the worker's row, then release images of shops that may be tried again. Raises Unavailable."""
        if not self._entered:
            self._enter(await self._register.start())
        if self._unwritten is not None:
            await self._register.stop_intake(self._unwritten)
            self._unwritten = None
        stopped = await self._register.report()
        # A stop that is not written yet began while the row was read.
        if stopped is None and self.stop_reason is not None and self._unwritten is None:
            self._lifted()
        await self._deferral.release_reopened()
        for shop_no in self._health.probes_due(_now()):
            await self._deferral.release_some(all_of(shop_no), 1)

    async def probe(self) -> None:
        """Write this worker's row: the probe of the database. Raises Unavailable."""
        await self._register.report()

    def _failed(self, shop_no: int, now: float) -> None:
        if self._health.failed(shop_no, now):
            log.error("shop deferred: its images meet internal errors", shop_no=shop_no)
            self._alerts.open(FaultKind.SHOP_INTERNAL_ERRORS, detail=f"Images of shop {shop_no} meet an error of our own code.")
        tally = self._outcomes.tally(now)
        if self.stop_reason is None and release_is_broken(tally):
            self._stop(f"{tally.bad} of {tally.calls} outcomes in {INTERNAL_ERROR_SECONDS} s were errors of our own code.")

    def _answered(self, shop_no: int) -> None:
        if self._health.answered(shop_no):
            self._deferral.reopen([all_of(shop_no)])
            if not self._health.deferred():
                self._alerts.close(FaultKind.SHOP_INTERNAL_ERRORS)

    def _enter(self, stop_reason: str | None) -> None:
        self._entered = True
        self.stop_reason = stop_reason
        if stop_reason is not None:
            log.error("internal error breaker still open from before", reason=stop_reason)
        self._changed()

    def _stop(self, reason: str) -> None:
        self.stop_reason = self._unwritten = reason
        log.error("internal error breaker open: this worker starts nothing more", reason=reason)
        self._changed()

    def _lifted(self) -> None:
        log.info("internal error breaker closed")
        self._outcomes.clear()
        self.stop_reason = None
        self._changed()

    def _changed(self) -> None:
        if self.stop_reason is not None:
            self._alerts.open(FaultKind.INTERNAL_ERROR_BREAKER, detail=self.stop_reason, waiting=self._held.count)
        else:
            self._alerts.close(FaultKind.INTERNAL_ERROR_BREAKER)
            self._held.release()


def _now() -> float:
    return asyncio.get_running_loop().time()
