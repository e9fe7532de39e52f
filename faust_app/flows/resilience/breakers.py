"""While a dependency of ours is unavailable nothing starts, nobody is blamed, and the worker itself looks when it is back.

A call that finds a dependency unavailable asks its probe at once: only a probe that fails too, or a bad share of many calls,
opens the breaker. So one object that is refused halts nobody, and an outage is known within a call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from faust_app.core.breaker import CALL_SECONDS, Window, dependency_is_unavailable, probe_delay
from faust_app.core.failure import Dependency, Unavailable
from faust_app.metrics import Metrics

log = structlog.get_logger()

PROBE_TIMEOUT: Final = 5.0
"""How long a probe may take before it counts as failed."""

Probe = Callable[[], Awaitable[object]]
"""An operation of the worker's own on a dependency; raises Unavailable, or takes too long, when that is unavailable."""


class Breaker:
    """Circuit breaker of one dependency. While it is open, `reason` says why, and a task probes until it is back."""

    def __init__(
        self, dependency: Dependency, probe: Probe, changed: Callable[["Breaker"], None], delay: Callable[[], float] | None = None
    ) -> None:
        self.dependency = dependency
        self.reason: str | None = None
        self._probe = probe
        self._changed = changed
        self._delay = delay
        self._window = Window(CALL_SECONDS)
        self._closed = asyncio.Event()
        self._closed.set()
        self._probing: asyncio.Task[bool] | None = None
        self._recovering: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing may start."""
        return self.reason is not None

    def succeeded(self) -> None:
        """Record a call that was answered."""
        self._window.add(asyncio.get_running_loop().time(), bad=False)

    async def failed(self, failure: Unavailable) -> bool:
        """Record a call that was not; return whether the dependency is unavailable, which its probe decides."""
        if self.is_open:
            return True
        now = asyncio.get_running_loop().time()
        self._window.add(now, bad=True)
        if dependency_is_unavailable(self._window.tally(now)) or not await self._ask_once():
            self.open(failure.detail or failure.code.sentence)
        return self.is_open

    def open(self, reason: str) -> None:
        """Open the breaker: nothing starts until a probe is answered."""
        if self.is_open:
            return
        self.reason = reason
        self._closed.clear()
        self._recovering = asyncio.create_task(self._recover(), name=f"breaker {self.dependency}")
        log.warning("breaker open", dependency=self.dependency.value, reason=reason)
        self._changed(self)

    def close(self) -> None:
        """Let everything start again: the dependency was met, by the probe or by work of its own."""
        if not self.is_open:
            return
        if self._recovering is not None and self._recovering is not asyncio.current_task():
            self._recovering.cancel()
        self.reason = None
        self._window.clear()
        log.info("breaker closed", dependency=self.dependency.value)
        self._closed.set()
        self._changed(self)

    async def closed(self) -> None:
        """Wait until the dependency is back."""
        await self._closed.wait()

    async def stop(self) -> None:
        """End what looks for the dependency."""
        tasks = [task for task in (self._probing, self._recovering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_once(self) -> bool:
        """Run the probe once for all who ask at this time."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._ask(), name=f"probe {self.dependency}")
        return await asyncio.shield(self._probing)

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await self._probe()
        except (Unavailable, TimeoutError) as failure:
            log.info("probe failed", dependency=self.dependency.value, reason=str(failure) or f"no answer within {PROBE_TIMEOUT:.0f} s")
            return False
        except Exception:
            log.exception("probe failed unexpectedly", dependency=self.dependency.value)
            return False
        return True

    async def _recover(self) -> None:
        failed = 0
        while True:
            await asyncio.sleep(probe_delay(failed) if self._delay is None else self._delay())
            if await self._ask():
                self.close()
                return
            failed += 1


class Breakers:
    """The breakers of one worker; `on_change` is told whenever one opens or closes."""

    def __init__(
        self, probes: Mapping[Dependency, Probe], metrics: Metrics, *, delays: Mapping[Dependency, Callable[[], float]] | None = None
    ) -> None:
        delays = delays or {}
        self._breakers = {each: Breaker(each, probe, self._changed, delays.get(each)) for each, probe in probes.items()}
        self._metrics = metrics
        self.on_change: Callable[[Breaker], None] = lambda _: None
        self.failures = 0
        """How many calls came to nothing: each is tried again, so that whoever makes them gets on."""
        for dependency in self._breakers:
            metrics.breaker_open.labels(dependency.value).set(0)

    def __getitem__(self, dependency: Dependency) -> Breaker:
        return self._breakers[dependency]

    @property
    def all_closed(self) -> bool:
        """Whether nothing is unavailable."""
        return not any(breaker.is_open for breaker in self._breakers.values())

    @property
    def may_start(self) -> bool:
        """Whether events may start: without our own network some still may, and which is for `core.sources.egress` to say."""
        return not any(breaker.is_open for each, breaker in self._breakers.items() if each is not Dependency.EGRESS)

    @property
    def reasons(self) -> list[str]:
        """Why they may not."""
        return [f"{breaker.dependency.value} is unavailable: {breaker.reason}" for breaker in self._breakers.values() if breaker.is_open]

    async def failed(self, failure: Unavailable) -> bool:
        """Record that a dependency was unavailable; return whether its breaker is open, so that nobody is to blame."""
        self.failures += 1
        self._metrics.waits.labels(failure.dependency.value).inc()
        if failure.dependency is Dependency.EGRESS:  # its own rules have decided, and an outage that is over is no bug either
            return True
        return await self[failure.dependency].failed(failure)

    async def stop(self) -> None:
        """End every task of the breakers."""
        for breaker in self._breakers.values():
            await breaker.stop()

    def _changed(self, breaker: Breaker) -> None:
        self._metrics.breaker_open.labels(breaker.dependency.value).set(int(breaker.is_open))
        self.on_change(breaker)
