"""What a process knows of the controls of shops: read twice a second, kept while the database does not answer."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from faust_app.core.dispatch.scheduler import HELD_BACK_SECONDS
from faust_app.core.dispatch.shop_controls import UNLIMITED, ControlKind, ShopControl, ShopLimits, holding_at, limits_at, shown_value
from faust_app.core.failure import Unavailable
from faust_app.flows.ports.controls import ShopControls
from faust_app.flows.ports.monitoring import WorkerList

log = structlog.get_logger()

LIVE_SECONDS: Final = 15.0
"""A worker reports every five seconds; one that missed three reports has no part in the images a minute."""
_STILL_FELT: Final = timedelta(seconds=HELD_BACK_SECONDS)
"""How long images that were deferred for a pause may stay so after its end, at most."""


class ShopLimitsBook:
    """The limits that hold. `now` is the time of day, UTC without a zone; `changed` is called when a limit of any shop is another.

    `paused` is called with the shops that are paused, before any other call with those whose pause ended while the process did not run.
    """

    def __init__(
        self,
        controls: ShopControls,
        workers: WorkerList,
        *,
        now: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
        paused: Callable[[Collection[int]], None] = lambda _shops: None,
    ) -> None:
        self._controls = controls
        self._workers = workers
        self._now = now
        self._changed = changed
        self._paused = paused
        self._began = False
        self._revision: Hashable = None
        self._known: Sequence[ShopControl] = ()
        self._basis: tuple[Sequence[ShopControl], int] = ([], 1)
        """What the limits were computed from: the controls that held, and the number of workers."""
        self._holding: Mapping[tuple[int, ControlKind], ShopControl] = {}
        self._limits: Mapping[int, ShopLimits] = {}

    async def start(self) -> None:
        """Read the controls before any work begins, so that a restart forgets none; without a database they follow later."""
        with suppress(Unavailable):
            await self.run_pass()

    async def run_pass(self) -> None:
        """Read the controls. Raises Unavailable; those that were known last then hold on."""
        # Before the controls: one that is set in between is read again with the next pass.
        revision = await self._controls.revision()
        if revision != self._revision:
            self._known, self._revision = await self._controls.controls(), revision
        now = self._now()
        if not self._began:
            since = now - _STILL_FELT
            self._paused({*_shops_paused(holding_at(self._known, since)), *await self._controls.resumed_since(since)})
            self._began = True
        controls = list(holding_at(self._known, now))
        basis = controls, await self._live_workers(controls)
        self._paused(_shops_paused(controls))
        if basis == self._basis:
            return
        self._basis = basis
        before, self._holding = self._holding, {(each.shop_no, each.kind): each for each in controls}
        _log_changes(before, self._holding)
        former, self._limits = self._limits, limits_at(controls, now, basis[1])
        if former != self._limits:
            self._changed()

    def limits(self, shop_no: int) -> ShopLimits:
        """Return what holds for the shop in this process."""
        return self._limits.get(shop_no, UNLIMITED)

    def pause_of(self, shop_no: int) -> ShopControl | None:
        """Return the pause of the shop, None if nothing pauses it."""
        pause = self._holding.get((shop_no, ControlKind.PAUSE))
        return pause if pause is not None and pause.holds_at(self._now()) else None

    def held_by(self, shop_no: int) -> Sequence[str]:
        """Return the pause of the shop as a reason why its images wait; nothing if nothing pauses it."""
        pause = self.pause_of(shop_no)
        return [] if pause is None else [pause.refusal]

    async def _live_workers(self, controls: Sequence[ShopControl]) -> int:
        """Count the workers that share the images a minute, where a shop has such a cap."""
        if not any(each.kind is ControlKind.RATE for each in controls):
            return 1
        return await self._workers.starting_within(LIVE_SECONDS)


def _shops_paused(controls: Sequence[ShopControl]) -> Collection[int]:
    return {each.shop_no for each in controls if each.kind is ControlKind.PAUSE}


def _log_changes(before: Mapping[tuple[int, ControlKind], ShopControl], after: Mapping[tuple[int, ControlKind], ShopControl]) -> None:
    for (shop_no, kind), control in sorted(after.items()):
        if before.get((shop_no, kind)) != control:
            log.info("shop control set", shop_no=shop_no, kind=kind.value, value=shown_value(control), by=control.by, reason=control.reason)
    for shop_no, kind in sorted(before.keys() - after.keys()):
        log.info("shop control ended", shop_no=shop_no, kind=kind.value)
