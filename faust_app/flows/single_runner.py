"""Duties that one process runs at a time: each pass holds a lease, which is renewed while it runs, and ends with it.

A lease spares double work and guards no truth: a process that froze may come back while another has taken over. Its pass
then ends at its next wait, and whatever it wrote until then has to be right with two at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.lease import LEASE, RENEW
from faust_app.flows.ports.duties import Leases
from faust_app.metrics import Metrics

T = TypeVar("T")

Hold = Callable[[], Awaitable[bool]]
"""Takes or renews a lease of `core.lease.LEASE`, and returns whether it is ours."""

log = structlog.get_logger()


class SingleRunner(Generic[T]):
    """Runs a duty's passes where its lease is held. A process keeps the lease between passes while it comes back in time.

    `stand_down` is called whenever another process has it: what this one reported is not its to keep up any more.
    """

    def __init__(
        self,
        duty: str,
        body: Callable[[], Awaitable[T]],
        *,
        leases: Leases,
        holder: str,
        metrics: Metrics,
        stand_down: Callable[[], None] = lambda: None,
    ) -> None:
        self._duty = duty
        self._body = body
        self._leases = leases
        self._holder = holder
        self._metrics = metrics
        self._stand_down = stand_down

    async def run_pass(self) -> T | None:
        """Run a pass and return its result; None when another process has the lease, or took it. Raises Unavailable."""
        result = await under_lease(self._duty, self._hold, self._body)
        if result is None:
            self._metrics.lease_held.labels(self._duty).set(0)
        return result

    async def release(self) -> None:
        """Let another process take over at once. Raises Unavailable."""
        await self._leases.release(self._duty, self._holder)

    async def _hold(self) -> bool:
        held = await self._leases.hold(self._duty, self._holder)
        self._metrics.lease_held.labels(self._duty).set(held)
        if not held:
            self._stand_down()
        return held


async def under_lease(
    task: str, hold: Hold, body: Callable[[], Awaitable[T]], *, lease: timedelta = LEASE, renew: timedelta = RENEW
) -> T | None:
    """Run the body while the lease is ours; None when it is not to be had, or when it was lost and the body was cancelled.

    The lease is asked for again every `renew`; it is ours for `lease` from the last time it was asked for with success.
    Raises what the body raises, and Unavailable when the lease cannot be asked for at the beginning.
    """
    asked = asyncio.get_running_loop().time()
    if not await hold():
        return None
    try:
        async with asyncio.timeout_at(asked + lease.total_seconds()) as ours, _renewed(task, hold, ours, lease, renew):
            return await body()
    except TimeoutError:
        if not ours.expired():
            raise
        log.warning("lease lost, the pass ends", task=task)
        return None


@asynccontextmanager
async def _renewed(task: str, hold: Hold, ours: asyncio.Timeout, lease: timedelta, renew: timedelta) -> AsyncIterator[None]:
    """Renew the lease beside the body. An error of our own in it lets the lease run out, which ends the body."""
    keeper = asyncio.create_task(_keep(task, hold, ours, lease, renew))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            log.error("renewing a lease failed unexpectedly", task=task, exc_info=error)


async def _keep(task: str, hold: Hold, ours: asyncio.Timeout, lease: timedelta, renew: timedelta) -> None:
    """Move the end of the lease as long as it is ours; while the database is away, it stays where it is."""
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
        ours.reschedule(asked + lease.total_seconds() if held else asked)
        if not held:
            return
