"""What happens when our own code fails: one shop's images that meet a bug wait; a broken release stops its worker."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from faust_app.core.breaker import INTERNAL_ERROR_SECONDS, Window, release_is_broken
from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Deferred, Failed, Outcome, Retry
from faust_app.core.images.row import ImageRow
from faust_app.core.sources.health import DEFER_SECONDS, Source
from faust_app.core.sources.shop_health import ShopHealth
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.resilience.deferral import release

log = structlog.get_logger()

_ANY_HOST = ""
_OF_THE_SHOP: Final = "Images of this shop meet an error of our own code, again and again; one a minute is tried."


class InternalErrorBreaker:
    """Counts outcomes that are errors of ours, and is the breaker of this worker.

    It is kept in the worker's own row: it stays open over a restart until somebody lifts it or another release
    starts. While the database is unavailable it is open all the same, and written when that is back.
    """

    def __init__(self, repository: ImageRepository, register: WorkerRegister, jitter: Callable[[], float]) -> None:
        self._repository = repository
        self._register = register
        self._jitter = jitter
        self._health = ShopHealth()
        self._outcomes = Window(INTERNAL_ERROR_SECONDS)
        self._unwritten: str | None = None
        self._releasing: set[Source] = set()
        self._entered = False
        self.stop_reason: str | None = None
        """Why this worker starts nothing; None while it may."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when the breaker opens or closes."""
        self.on_deferred: Callable[[int], None] = lambda _shop_no: None
        """Told of a shop whose images meet nothing but an error of ours."""
        self.on_answered: Callable[[], None] = lambda: None
        """Told when no shop is deferred any more."""

    @property
    def may_start(self) -> bool:
        """Whether events may start: not before the worker knows whether it was stopped, not while the breaker is open."""
        return self._entered and self.stop_reason is None

    def admit(self, row: ImageRow) -> Deferred | None:
        """Return how an image of a shop waits that met nothing but internal errors, None where it may go on."""
        if self._health.admits(row.shop_no, _now()):
            return None
        return Deferred(row, timedelta(seconds=DEFER_SECONDS * self._jitter()), FailureCode.INTERNAL_ERROR, _OF_THE_SHOP)

    def note(self, outcome: Outcome) -> None:
        """Count an outcome that was written."""
        shop_no, now = outcome.row.shop_no, _now()
        if isinstance(outcome, Deferred):
            return
        is_internal_error = isinstance(outcome, Retry | Failed) and outcome.code is FailureCode.INTERNAL_ERROR
        self._outcomes.add(now, bad=is_internal_error, shop=shop_no)
        if not is_internal_error:
            self._answered(shop_no)
            return
        if self._health.failed(shop_no, now):
            log.error("shop deferred: its images meet an error of ours", shop_no=shop_no)
            self.on_deferred(shop_no)
        tally = self._outcomes.tally(now)
        if self.stop_reason is None and release_is_broken(tally):
            self._open(f"{tally.bad} of {tally.calls} outcomes in {INTERNAL_ERROR_SECONDS} s were errors of our own code.")

    async def run_pass(self) -> None:
        """Enter the worker, then write its stop or learn that it was lifted, and release what may go on. Raises Unavailable."""
        if not self._entered:
            self._take_up(await self._register.start())
        if self._unwritten is not None:
            await self._register.stop_intake(self._unwritten)
            self._unwritten = None
        if await self._register.report() is None and self.stop_reason is not None:
            self._close()
        await release(self._repository, self._releasing)
        for shop_no in self._health.probes_due(_now()):
            await self._repository.release_deferred(shop_no, None, 1)

    async def probe(self) -> None:
        """Write this worker's row: the probe of the database. Raises Unavailable."""
        await self._register.report()

    def _answered(self, shop_no: int) -> None:
        if self._health.answered(shop_no):
            self._releasing.add((shop_no, _ANY_HOST))
            if not self._health.deferred():
                self.on_answered()

    def _take_up(self, stop_reason: str | None) -> None:
        self._entered = True
        self.stop_reason = stop_reason
        if stop_reason is not None:
            log.error("internal error breaker still open from before", reason=stop_reason)
        self.on_change()

    def _close(self) -> None:
        log.info("internal error breaker closed")
        self._outcomes.clear()
        self.stop_reason = None
        self.on_change()

    def _open(self, reason: str) -> None:
        self.stop_reason = self._unwritten = reason
        log.error("internal error breaker open: this worker starts nothing more", reason=reason)
        self.on_change()


def _now() -> float:
    return asyncio.get_running_loop().time()
