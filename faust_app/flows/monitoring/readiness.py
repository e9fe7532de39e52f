"""Whether the dependencies of a process answer, for its `/ready` page."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.images.publish import Publisher
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.gate import Gate

ANSWER_SECONDS: Final = 3.0
"""Seconds after which a dependency that has not answered counts as unavailable."""


class IntakeReadiness:
    """The readiness of intake, which answers 202 as long as the database is available."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def reasons(self) -> list[str]:
        """Return why intake cannot work; nothing when it can."""
        return await _reasons(Dependency.DATABASE, self._clock.now())


class WorkerReadiness:
    """The readiness of a worker. An open breaker says enough; while all are closed, the dependencies are asked."""

    def __init__(self, clock: Clock, store: ObjectStore, publisher: Publisher, breakers: Breakers, gate: Gate) -> None:
        self._clock = clock
        self._store = store
        self._publisher = publisher
        self._breakers = breakers
        self._gate = gate

    async def reasons(self) -> list[str]:
        """Return why the worker cannot work; nothing when it can."""
        if not self._breakers.all_closed:
            return self._gate.reasons()
        database = await _reasons(Dependency.DATABASE, self._clock.now())
        storage = await _reasons(Dependency.STORAGE, self._store.exists("ready"))  # the key need not exist
        kafka = ["kafka does not acknowledge"] if self._publisher.unavailable else []
        return [*self._gate.reasons(), *database, *storage, *kafka]


async def _reasons(dependency: Dependency, probe: Awaitable[object]) -> list[str]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await probe
    except Unavailable as failure:
        return [str(failure)]
    except TimeoutError:
        return [str(Unavailable(dependency, f"It did not answer within {ANSWER_SECONDS:.0f} s."))]
    return []
