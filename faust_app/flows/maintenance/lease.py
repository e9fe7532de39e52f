"""Runs maintenance tasks in one process at a time: each pass holds a lease, renewed while it runs, and ends with it.

A lease avoids double work but protects no data: a frozen process may wake up after another has taken over. Its pass then
ends at its next await, and what it writes until then must be correct with two at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.maintenance.lease import LEASE, RENEW
from faust_app.flows.ports.maintenance import Leases
from faust_app.metrics import Metrics

T = TypeVar("T")

Hold = Callable[[], Awaitable[bool]]
"""Acquires or renews a lease of `core.maintenance.lease.LEASE`, and returns whether this process holds it."""

log = structlog.get_logger()


class LeasedTask(Generic[T]):
    """Runs the passes of a task under its lease, which a process keeps between passes as long as it renews it in time.

    `stand_down` is called whenever another process holds the lease, to withdraw the faults this one reported.
    """

    def __init__(
        self,
        task: str,
        body: Callable[[], Awaitable[T]],
        *,
        leases: Leases,
        holder: str,
        metrics: Metrics,
        stand_down: Callable[[], None] = lambda: None,
    ) -> None:
        self._task = task
        self._body = body
        self._leases = leases
        self._holder = holder
        self._metrics = metrics
        self._stand_down = stand_down

    async def run_pass(self) -> T | None:
        """Run a pass and return its result, None if another process holds the lease or took it over. Raises Unavailable."""
        result = await under_lease(self._task, self._hold, self._body)
        if result is None:
            self._metrics.lease_held.labels(self._task).set(0)
        return result

    async def release(self) -> None:
        """Release the lease, so that another process can take over at once. Raises Unavailable."""
        await self._leases.release(self._task, self._holder)

    async def _hold(self) -> bool:
        held = await self._leases.hold(self._task, self._holder)
        self._metrics.lease_held.labels(self._task).set(held)
        if not held:
            self._stand_down()
        return held


async def under_lease(
    task: str, hold: Hold, body: Callable[[], Awaitable[T]], *, lease: timedelta = LEASE, renew: timedelta = RENEW
) -> T | None:
    """Run the body while holding the lease; return None if it is not available, or is lost, which cancels the body.

    The lease is renewed every `renew` and lasts for `lease` from the start of the last successful renewal. Raises what the
    body raises, and Unavailable if the lease cannot be requested at the beginning.
    """
    # Taken before the request, so that we never believe in the lease for longer than the database does.
    asked = asyncio.get_running_loop().time()
    if not await hold():
        return None
    try:
        async with asyncio.timeout_at(asked + lease.total_seconds()) as ours, _renewed(task, hold, ours, lease, renew):
            return await body()
    except TimeoutError:
        if not ours.expired():
            raise
        log.warning("lease lost; pass cancelled", task=task)
        return None


@asynccontextmanager
async def _renewed(task: str, hold: Hold, ours: asyncio.Timeout, lease: timedelta, renew: timedelta) -> AsyncIterator[None]:
    """Renew the lease beside the body. A bug in the renewal lets the lease expire, which ends the body."""
    keeper = asyncio.create_task(_keep(task, hold, ours, lease, renew))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            log.error("renewing a lease failed unexpectedly", task=task, exc_info=error)


async def _keep(task: str, hold: Hold, ours: asyncio.Timeout, lease: timedelta, renew: timedelta) -> None:
    """Extend the lease while it is held; an unavailable database leaves its end unchanged."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(renew.total_seconds())
        asked = loop.time()
        try:
            held = await hold()
        except Unavailable as failure:
            log.warning("lease not renewed", task=task, reason=str(failure))
            continue
        if ours.expired():
            return
        ours.reschedule(asked + lease.total_seconds() if held else asked)  # a time in the past cancels the body at once
        if not held:
            return
