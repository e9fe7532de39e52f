"""Duties that one process runs at a time: each pass holds a lease, which is renewed while it runs, and ends with it.

A lease spares double work and guards no truth: a process that froze may come back while another has taken over. Its pass
then ends at its next wait, and whatever it wrote until then has to be right with two at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import structlog

from faust_app.core.failure import Unavailable
from faust_app.flows.ports.duties import Leases
from faust_app.metrics import Metrics

T = TypeVar("T")

Hold = Callable[[], Awaitable[bool]]
"""Takes or renews a lease of LEASE_SECONDS, and tells whether it is ours."""

log = structlog.get_logger()

LEASE_SECONDS: Final = 30.0
RENEW_SECONDS: Final = 10.0


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
    duty: str, hold: Hold, body: Callable[[], Awaitable[T]], *, lease: float = LEASE_SECONDS, renew: float = RENEW_SECONDS
) -> T | None:
    """Run the body if the lease is to be had; None when it is not, or when it is lost on the way and the body was ended.

    The lease is asked for again every `renew` seconds; what counts is `lease` seconds from when it was last asked for
    with success. Raises what the body raises, and Unavailable when the lease cannot be asked for at the beginning.
    """
    asked = asyncio.get_running_loop().time()
    if not await hold():
        return None
    try:
        async with asyncio.timeout_at(asked + lease) as limit:
            keeper = asyncio.create_task(_renew(duty, hold, limit, lease, renew))
            try:
                return await body()
            finally:
                await _end(keeper)
    except TimeoutError:
        if not limit.expired():
            raise
        log.warning("lease lost, the pass ends", duty=duty)
        return None


async def _renew(duty: str, hold: Hold, limit: asyncio.Timeout, lease: float, renew: float) -> None:
    """Move the limit as long as the lease is ours; while the database is away, it stays where it is."""
    loop = asyncio.get_running_loop()
    while not limit.expired():
        await asyncio.sleep(renew)
        asked = loop.time()
        try:
            held = await hold()
        except Unavailable as failure:
            log.warning("lease not renewed", duty=duty, reason=str(failure))
            continue
        if limit.expired():
            return
        limit.reschedule(asked + lease if held else asked)
        if not held:
            return


async def _end(keeper: asyncio.Task[None]) -> None:
    """End the renewing; an error of ours in it is told, since it ended the pass, or would have."""
    keeper.cancel()
    (ended,) = await asyncio.gather(keeper, return_exceptions=True)
    if isinstance(ended, Exception):
        log.error("renewing a lease failed unexpectedly", exc_info=ended)
