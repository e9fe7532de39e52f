"""Decides whether a fetch that heard from nobody is our own network's fault: by what others hear, or by asking at once."""

import asyncio
from collections.abc import Sequence

import structlog

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.sources.egress import PROBE_HOSTS, Egress
from faust_app.core.sources.health import Source
from faust_app.flows.ports.transfer import Fetcher
from faust_app.flows.resilience.breakers import Breaker

log = structlog.get_logger()

_FIRST_ASKED = 2
"""Hosts that are asked before the others: in good times one of them answers."""


class WayOut:
    """The rules of `egress`, with the probe and the breaker. `probe_url` is asked first, where one is set."""

    def __init__(self, egress: Egress, fetcher: Fetcher, probe_url: str | None = None) -> None:
        self._egress = egress
        self._fetcher = fetcher
        self._probe_url = probe_url
        self._asking: asyncio.Task[bool | None] | None = None
        self.breaker: Breaker | None = None
        """Tells everybody that the network is down; without one every failure is the source's."""

    def answered(self, source: Source, origin: str) -> None:
        """Count an answer of a source; it ends an outage."""
        if self._egress.answered(source, origin, _now()):
            self._close()

    async def is_down(self, source: Source, began: float) -> bool:
        """Count a fetch that heard from nobody; return whether our own network is to blame. Takes a probe's time at most.

        A fetch that began while the network was down failed by it, also when others are answered again meanwhile.
        """
        breaker = self.breaker
        if breaker is None:
            return False
        if self._egress.was_down_since(began):
            return True
        if self._egress.fell_silent(source, _now()):
            breaker.open("Hosts that answered lately fell silent, all at once.")
        if self._egress.is_open or self._egress.was_heard(_now()):
            return self._egress.is_open
        heard = await self._ask_once(source[1])
        if heard:
            self._egress.heard(_now())
        elif heard is False and not self._egress.was_heard(_now()):
            self._open("No host that answered lately can be reached.")
        return self._egress.is_open

    async def reach_anybody(self) -> None:
        """Raise Unavailable unless somebody lets us connect: the probe of an outage."""
        always = [] if self._probe_url is None else [self._probe_url]
        if not await self._anybody([*always, *self._egress.targets()]):
            raise Unavailable(Dependency.EGRESS, "No host can be reached.")
        if self._egress.heard(_now()):
            self._close()

    def _open(self, reason: str) -> None:
        self._egress.open()
        if self.breaker is not None:
            self.breaker.open(reason)

    def _close(self) -> None:
        if self.breaker is not None:
            self.breaker.close()

    async def _ask_once(self, host: str) -> bool | None:
        """Ask together with everybody who wants to know at this time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(host), name="probe egress")
        return await asyncio.shield(self._asking)

    async def _ask(self, apart_from: str | None) -> bool | None:
        """Return whether somebody answers; None where there are too few to ask to know."""
        always = [] if self._probe_url is None else [self._probe_url]
        origins = self._egress.targets(apart_from=apart_from)
        if await self._anybody([*always, *origins[:_FIRST_ASKED]]) or await self._anybody(origins[_FIRST_ASKED:]):
            return True
        return False if always or len(origins) >= PROBE_HOSTS else None

    async def _anybody(self, origins: Sequence[str]) -> bool:
        """Return whether one of the origins lets itself be heard, as soon as it does."""
        asked = [asyncio.create_task(self._fetcher.connects(origin), name="connect") for origin in origins]
        try:
            for answer in asyncio.as_completed(asked):
                if await answer:
                    return True
            return False
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


def _now() -> float:
    return asyncio.get_running_loop().time()
