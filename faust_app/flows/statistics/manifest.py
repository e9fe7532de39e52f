"""Which days are loaded, as a process knows it: asked again every few seconds, whatever many reports ask at once.

The store and the database are asked side by side, and what each said is kept by itself: one that is down takes nothing of the other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final, Generic, TypeVar

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.blocks import NO_LOADS, Loads
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.flows.ports.statistics import StatisticsBook, StatisticsStore

T = TypeVar("T")
log = structlog.get_logger()

FRESH: Final = 15.0
"""Seconds that an answer is used without asking again."""
RETRY: Final = 5.0
"""Seconds until a source that did not answer is asked again."""
USABLE: Final = 600.0
"""Seconds that loads are used while the store does not answer. Superseded rows stay for an hour, so what they name is still there."""
PATIENCE: Final = 0.25
"""Seconds that a report waits for a newer answer. Only the first one of a process waits until it comes, or fails."""
_ASK_SECONDS: Final = 2.5
"""Above the time-out of the store's readers, which know better what did not answer."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a report needs to know before it reads a figure."""

    loads: Loads = NO_LOADS
    first_day: date | None = None
    """The first day that was counted whole: before it there was nothing to count, unless the history is older."""
    is_older: bool = False
    """Whether the history is older than its counts."""
    closed: tuple[ClosedMonth, ...] = ()
    corrections: tuple[Correction, ...] = ()


class KnownLoads:
    """Keeps what is known. `seconds` counts them in this process."""

    def __init__(self, store: StatisticsStore, book: StatisticsBook, *, zone: tzinfo, seconds: Callable[[], float]) -> None:
        self._store = store
        self._book = book
        self._zone = zone
        self._loads = _Answer("loads", self._ask_store, seconds)
        self._rest = _Answer("closed months and corrections", self._ask_book, seconds)

    async def current(self) -> Known:
        """Return what is known; nothing is loaded, as far as that goes, while the store was silent for USABLE seconds."""
        await asyncio.gather(self._loads.refresh(), self._rest.refresh())
        # What the database said stays true: a month that was closed is not opened again, and the history does not begin later.
        known = self._rest.value or Known()
        return Known(self._loads.younger_than(USABLE) or NO_LOADS, known.first_day, known.is_older, known.closed, known.corrections)

    async def _ask_store(self) -> Loads:
        return Loads(await self._store.manifest())

    async def _ask_book(self) -> Known:
        first, closed = await self._book.first_day(self._zone), tuple(await self._book.closed())
        corrections = await self._book.corrections(min((each.month for each in closed), default=date.max))
        is_older = await self._book.is_older_than_counts()
        return Known(first_day=first, is_older=is_older, closed=closed, corrections=tuple(corrections))


class _Answer(Generic[T]):
    """The last answer of one source."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[T]], seconds: Callable[[], float]) -> None:
        self.value: T | None = None
        self._name = name
        self._ask = ask
        self._seconds = seconds
        self._answered_at = 0.0
        self._next_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    def younger_than(self, seconds: float) -> T | None:
        """Return the answer unless it is older."""
        return self.value if self._seconds() - self._answered_at < seconds else None

    async def refresh(self) -> None:
        """Have the source asked when it is time, once for all callers, and wait for the answer as long as it is worth."""
        if self._asking is None and (self._next_at is None or self._seconds() >= self._next_at):
            self._asking = asyncio.ensure_future(self._run())
        if self._asking is not None:
            done, _ = await asyncio.wait({self._asking}, timeout=None if self._next_at is None else PATIENCE)
            for each in done:
                each.result()  # a bug of ours is not hidden

    async def _run(self) -> None:
        pause = RETRY
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                self.value = await self._ask()
            self._answered_at, pause = self._seconds(), FRESH
        except (StoreUnavailable, Unavailable, TimeoutError) as failure:
            log.warning("source of reports did not answer", what=self._name, reason=str(failure) or type(failure).__name__)
        finally:
            self._next_at, self._asking = self._seconds() + pause, None
