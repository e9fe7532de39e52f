"""Which days are loaded, as a process knows it: asked again every few seconds, whatever many reports ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Final, TypeVar

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.blocks import NO_LOADS, Loads
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.flows.ports.statistics import StatisticsBook, StatisticsStore

T = TypeVar("T")
log = structlog.get_logger()

FRESH: Final = 15.0
"""Seconds that what is known is used without asking."""
USABLE: Final = 600.0
"""Seconds that it is used while the store does not answer. Superseded rows stay for an hour, so what it names is still there."""
_ASK_SECONDS: Final = 2.0


class Coalesced:
    """Lets identical calls in flight share one result."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the call that runs under this key, or of a new one. A caller that gives up cancels nobody else's."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._running[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def _done(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # somebody was told, or nobody waits any more


@dataclass(frozen=True, slots=True)
class Known:
    """What a report needs to know before it reads a figure."""

    loads: Loads = NO_LOADS
    first_day: date | None = None
    """The first day of the history: days before it had nothing to count."""
    closed: tuple[ClosedMonth, ...] = ()
    corrections: tuple[Correction, ...] = ()


class KnownLoads:
    """Keeps what is known. `seconds` counts them in this process."""

    def __init__(self, store: StatisticsStore, book: StatisticsBook, *, zone: tzinfo, seconds: Callable[[], float]) -> None:
        self._store = store
        self._book = book
        self._zone = zone
        self._seconds = seconds
        self._known = Known()
        self._asked_at: float | None = None
        self._known_at: float | None = None
        self._coalesced = Coalesced()

    async def current(self) -> Known:
        """Return what is known; nothing is loaded, as far as that goes, while the store was silent for long."""
        if self._asked_at is None or self._seconds() - self._asked_at >= FRESH:
            await self._coalesced.run("ask", self._ask)
        usable = self._known_at is not None and self._seconds() - self._known_at < USABLE
        return self._known if usable else Known(first_day=self._known.first_day)

    async def _ask(self) -> None:
        self._asked_at = self._seconds()
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                manifest = await self._store.manifest()
                first, closed = await self._book.first_day(self._zone), tuple(await self._book.closed())
                corrections = tuple(await self._book.corrections(min((each.month for each in closed), default=date.max)))
        except (StoreUnavailable, Unavailable, TimeoutError) as failure:
            log.warning("statistics store is not asked", reason=str(failure) or type(failure).__name__)
            return
        self._known, self._known_at = Known(Loads(manifest), first, closed, corrections), self._seconds()
