"""Decides whether a fetch without an answer is the fault of our own network: by what other hosts answer, or by a probe."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.sources.egress import PROBE_HOSTS, Egress
from faust_app.core.sources.health import Source
from faust_app.flows.ports.transfer import Fetcher
from faust_app.flows.resilience.breakers import Breaker

_FIRST_PROBED: Final = 2
"""Hosts that are probed before the others: usually one of them answers."""


class ProbeResult(Enum):
    """What a probe of the network shows."""

    HEARD = auto()
    SILENT = auto()
    UNKNOWN = auto()  #: too few hosts to probe


class EgressProbe:
    """Connects to hosts that answered lately. `url` is probed with them, where one is set."""

    def __init__(self, egress: Egress, fetcher: Fetcher, url: str | None = None) -> None:
        self._egress = egress
        self._fetcher = fetcher
        self._always = [] if url is None else [url]
        self._running: asyncio.Task[ProbeResult] | None = None

    async def reach_any(self) -> None:
        """Connect to any host; an answer ends the outage. Raises Unavailable if none answers."""
        if not await self._any_connects([*self._always, *self._egress.targets()]):
            raise Unavailable(Dependency.EGRESS, "No host can be reached.")
        self._egress.heard(_now())

    async def result(self, *, apart_from: str) -> ProbeResult:
        """Probe hosts other than the one given; calls at the same time share one probe."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._probe(apart_from), name="probe egress")
        return await asyncio.shield(self._running)

    async def _probe(self, apart_from: str) -> ProbeResult:
        origins = self._egress.targets(apart_from=apart_from)
        first = [*self._always, *origins[:_FIRST_PROBED]]
        if await self._any_connects(first) or await self._any_connects(origins[_FIRST_PROBED:]):
            return ProbeResult.HEARD
        return ProbeResult.SILENT if self._always or len(origins) >= PROBE_HOSTS else ProbeResult.UNKNOWN

    async def _any_connects(self, origins: Sequence[str]) -> bool:
        """Return whether one of the origins answers, as soon as it does."""
        connecting = [asyncio.create_task(self._fetcher.connects(origin), name="connect") for origin in origins]
        try:
            for answer in asyncio.as_completed(connecting):
                if await answer:
                    return True
            return False
        finally:
            for task in connecting:
                task.cancel()
            await asyncio.gather(*connecting, return_exceptions=True)


class EgressMonitor:
    """Applies the rules of `egress` to the fetches of this worker, and opens and closes `breaker` by them."""

    def __init__(self, egress: Egress, probe: EgressProbe, breaker: Breaker) -> None:
        self._egress = egress
        self._probe = probe
        self._breaker = breaker

    def answered(self, source: Source, origin: str) -> None:
        """Count an answer of a source; it ends an outage."""
        if self._egress.answered(source, origin, _now()):
            self._breaker.close()

    async def is_down(self, source: Source, began: float) -> bool:
        """Count a fetch without any answer; return whether our own network is down. Takes as long as a probe at most.

        A fetch that began while the network was down failed by that, even if hosts answer again by now.
        """
        if self._egress.was_down_since(began):
            return True
        if self._egress.fell_silent(source, _now()):
            self._breaker.open("Hosts that answered lately fell silent, all at once.")
        if self._egress.is_open or self._egress.was_heard(_now()):
            return self._egress.is_open
        self._apply(await self._probe.result(apart_from=source[1]))
        return self._egress.is_open

    def _apply(self, result: ProbeResult) -> None:
        if result is ProbeResult.HEARD:
            if self._egress.heard(_now()):
                self._breaker.close()
        elif result is ProbeResult.SILENT and not self._egress.was_heard(_now()):
            self._egress.open()
            self._breaker.open("No host that answered lately can be reached.")


def _now() -> float:
    return asyncio.get_running_loop().time()
