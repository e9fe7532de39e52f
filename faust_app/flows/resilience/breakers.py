"""Circuit breakers: while a dependency is unavailable no event starts, and no image is charged for it.

A call that finds a dependency unavailable runs its probe at once. Only a probe that fails too, or a bad share of many calls,
opens the breaker: one object that storage refuses stops no other event, and an outage is detected within one call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from faust_app.core.alerts.alert import OUTAGES
from faust_app.core.breaker import CALL_SECONDS, Window, dependency_is_unavailable, probe_delay
from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.metrics import Metrics

log = structlog.get_logger()

PROBE_TIMEOUT: Final = 5.0
"""Seconds after which a probe without an answer counts as failed."""

Probe = Callable[[], Awaitable[object]]
"""A small operation on a dependency; raises Unavailable, or takes too long, while that is unavailable."""


class Breaker:
    """Circuit breaker of one dependency. While it is open, `reason` says why, and a task probes until the dependency is back.

    `changed` is called with the breaker whenever it opens or closes, and after each failed probe, when more may wait;
    `delay` returns the seconds before the next probe.
    """

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
        """Whether the dependency counts as unavailable."""
        return self.reason is not None

    def succeeded(self) -> None:
        """Count a call that was answered."""
        self._window.add(asyncio.get_running_loop().time(), bad=False)

    async def failed(self, failure: Unavailable) -> bool:
        """Count a call that was not answered; return whether the dependency is unavailable, which its probe decides."""
        if self.is_open:
            return True
        now = asyncio.get_running_loop().time()
        self._window.add(now, bad=True)
        if dependency_is_unavailable(self._window.tally(now)) or not await self._probe_once():
            self.open(failure.detail or failure.code.sentence)
        return self.is_open

    def open(self, reason: str) -> None:
        """Open the breaker until a probe is answered."""
        if self.is_open:
            return
        self.reason = reason
        self._closed.clear()
        self._recovering = asyncio.create_task(self._recover(), name=f"breaker {self.dependency}")
        log.warning("breaker open", dependency=self.dependency.value, reason=reason)
        self._changed(self)

    def close(self) -> None:
        """Close the breaker: the dependency answered a probe, or other work."""
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
        """Wait until the breaker is closed."""
        await self._closed.wait()

    async def stop(self) -> None:
        """Cancel the probes."""
        tasks = [task for task in (self._probing, self._recovering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe_once(self) -> bool:
        """Run the probe, once for all calls that fail at the same time; return whether it was answered."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._is_answered(), name=f"probe {self.dependency}")
        return await asyncio.shield(self._probing)

    async def _is_answered(self) -> bool:
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
            if await self._is_answered():
                self.close()
                return
            failed += 1
            self._changed(self)


_EGRESS_ALONE: Final = frozenset({Dependency.EGRESS})


class Breakers:
    """The breakers of one worker. An open one is an alert; one that closes releases the events held meanwhile.

    `delays` replaces the delay between two probes where a dependency has one of its own.
    """

    def __init__(
        self, probes: Mapping[Dependency, Probe], metrics: Metrics, alerts: Alerts, held: HeldEvents, *,
        delays: Mapping[Dependency, Callable[[], float]] | None = None,
    ) -> None:  # fmt: skip
        delays = delays or {}
        self._breakers = {each: Breaker(each, probe, self._changed, delays.get(each)) for each, probe in probes.items()}
        self._metrics = metrics
        self._alerts = alerts
        self._held = held
        self._open: frozenset[Dependency] = frozenset()
        """What is unavailable: read at each start of an event, and rarely changed."""
        self.failures = 0
        """Number of calls that found a dependency unavailable. Each is repeated, which the watchdog counts as progress."""
        for dependency in self._breakers:
            metrics.breaker_open.labels(dependency.value).set(0)
            metrics.waits.labels(dependency.value)  # shown from the start: a rate needs its zero

    def __getitem__(self, dependency: Dependency) -> Breaker:
        return self._breakers[dependency]

    @property
    def all_closed(self) -> bool:
        """Whether every dependency is available."""
        return not self._open

    @property
    def may_start(self) -> bool:
        """Whether events may start. Without our own network some still may: `core.sources.egress` admits those."""
        return not self._open or self._open == _EGRESS_ALONE

    @property
    def reasons(self) -> list[str]:
        """Which dependencies are unavailable, and why."""
        return [f"{breaker.dependency.value} is unavailable: {breaker.reason}" for breaker in self._breakers.values() if breaker.is_open]

    async def failed(self, failure: Unavailable) -> bool:
        """Count a call that found its dependency unavailable; return whether that is an outage, which is charged to no event."""
        self.failures += 1
        self._metrics.waits.labels(failure.dependency.value).inc()
        # The rules of the egress have decided already; and if its outage is over by now, the failure is still no internal error.
        if failure.dependency is Dependency.EGRESS:
            return True
        return await self[failure.dependency].failed(failure)

    async def stop(self) -> None:
        """Cancel the probes of all breakers."""
        for breaker in self._breakers.values():
            await breaker.stop()

    def _changed(self, breaker: Breaker) -> None:
        self._open = frozenset(each for each, known in self._breakers.items() if known.is_open)
        self._metrics.breaker_open.labels(breaker.dependency.value).set(int(breaker.is_open))
        if breaker.reason is not None:
            self._alerts.open(OUTAGES[breaker.dependency], detail=breaker.reason, waiting=self._held.count)
        else:
            self._alerts.close(OUTAGES[breaker.dependency])
            self._held.release()
