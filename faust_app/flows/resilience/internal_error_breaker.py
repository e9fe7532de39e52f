"""What happens when our own code fails: one shop's images that meet a bug wait; a broken release stops its worker."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from faust_app.core.breaker import BUG_SECONDS, Window, release_is_broken
from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Failed, Outcome, Park, Retry
from faust_app.core.images.row import ImageRow
from faust_app.core.sources.health import DEFER_SECONDS, Source
from faust_app.core.sources.shop_health import ShopHealth
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.flows.resilience.deferral import wake

log = structlog.get_logger()

_ANY_HOST = ""
_OF_THE_SHOP: Final = "Images of this shop meet an error of our own code, again and again; one a minute is tried."


class Bugs:
    """Counts outcomes that are errors of ours, and holds the brake of this worker.

    The brake is kept in the worker's own row: it stays on over a restart until somebody lifts it or another release
    starts. While the database is away it is on all the same, and written when that is back.
    """

    def __init__(self, repository: ImageRepository, register: WorkerRegister, jitter: Callable[[], float]) -> None:
        self._repository = repository
        self._register = register
        self._jitter = jitter
        self._health = ShopHealth()
        self._outcomes = Window(BUG_SECONDS)
        self._unwritten: str | None = None
        self._waking: set[Source] = set()
        self._entered = False
        self.brake: str | None = None
        """Why this worker starts nothing; None while it may."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when the brake is set or lifted."""
        self.on_parked: Callable[[int], None] = lambda _shop_no: None
        """Told of a shop whose images meet nothing but an error of ours."""
        self.on_answered: Callable[[], None] = lambda: None
        """Told when no shop is parked any more."""

    @property
    def may_start(self) -> bool:
        """Whether events may start: not before the worker knows whether it was stopped, not while the brake is on."""
        return self._entered and self.brake is None

    def admit(self, row: ImageRow) -> Park | None:
        """Return how an image of a shop waits that met nothing but bugs, None where it may go on."""
        if self._health.admits(row.shop_no, _now()):
            return None
        return Park(row, timedelta(seconds=DEFER_SECONDS * self._jitter()), FailureCode.INTERNAL_ERROR, _OF_THE_SHOP)

    def note(self, outcome: Outcome) -> None:
        """Count an outcome that was written."""
        shop_no, now = outcome.row.shop_no, _now()
        if isinstance(outcome, Park):
            return
        is_bug = isinstance(outcome, Retry | Failed) and outcome.code is FailureCode.INTERNAL_ERROR
        self._outcomes.add(now, bad=is_bug, shop=shop_no)
        if not is_bug:
            self._answered(shop_no)
            return
        if self._health.failed(shop_no, now):
            log.error("shop parked: its images meet an error of ours", shop_no=shop_no)
            self.on_parked(shop_no)
        tally = self._outcomes.tally(now)
        if self.brake is None and release_is_broken(tally):
            self._set_brake(f"{tally.bad} of {tally.calls} outcomes in {BUG_SECONDS} s were errors of our own code.")

    async def run_pass(self) -> None:
        """Enter the worker, then write its brake or learn that it was lifted, and wake what may go on. Raises Unavailable."""
        if not self._entered:
            self._take_up(await self._register.start())
        if self._unwritten is not None:
            await self._register.stop_intake(self._unwritten)
            self._unwritten = None
        if await self._register.report() is None and self.brake is not None:
            self._lift()
        await wake(self._repository, self._waking)
        for shop_no in self._health.probes_due(_now()):
            await self._repository.wake_parked(shop_no, None, 1)

    async def probe(self) -> None:
        """Write this worker's row: the probe of the database. Raises Unavailable."""
        await self._register.report()

    def _answered(self, shop_no: int) -> None:
        if self._health.answered(shop_no):
            self._waking.add((shop_no, _ANY_HOST))
            if not self._health.deferred():
                self.on_answered()

    def _take_up(self, brake: str | None) -> None:
        self._entered = True
        self.brake = brake
        if brake is not None:
            log.error("brake still on from before", reason=brake)
        self.on_change()

    def _lift(self) -> None:
        log.info("brake lifted")
        self._outcomes.clear()
        self.brake = None
        self.on_change()

    def _set_brake(self, reason: str) -> None:
        self.brake = self._unwritten = reason
        log.error("brake on: this worker starts nothing more", reason=reason)
        self.on_change()


def _now() -> float:
    return asyncio.get_running_loop().time()
