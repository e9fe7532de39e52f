"""Answers readers of the feed: at once where there are results, otherwise when one comes or the time is over."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from faust_app.core.operators.access import Shops
from faust_app.core.results.cursor import LATEST, CursorProblem, cursor_of, read_cursor
from faust_app.core.results.feed import FeedPage
from faust_app.core.results.result import Positioned
from faust_app.flows.ports.feed import FeedRows
from faust_app.flows.results.watch import FeedWatch
from faust_app.metrics import Metrics

READS: Final = 2
"""Pages read at the same time: readers leave most of the process's connections to intake."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for: the results of these shops (None: all) behind a cursor (None: from the oldest), within so many seconds."""

    after: str | None
    shops: Shops
    limit: int
    wait: float


@dataclass(frozen=True, slots=True)
class Changes:
    """An answer; `next` is the cursor of the next request."""

    rows: Sequence[Positioned]
    next: str
    more: bool


@dataclass(frozen=True, slots=True)
class Expired:
    """What follows the cursor is not known any more."""


@dataclass(frozen=True, slots=True)
class Crowded:
    """As many readers as this process has room for wait already."""

    readers: int


class ChangeFeed:
    """The feed as one process serves it to at most `most_readers` at the same time. `seconds` is a clock that never goes back."""

    def __init__(self, rows: FeedRows, metrics: Metrics, *, most_readers: int, seconds: Callable[[], float]) -> None:
        self._rows = rows
        self.watch = FeedWatch(rows)
        self._most = most_readers
        self._seconds = seconds
        self._readers = 0
        self._reads = asyncio.Semaphore(READS)
        self._refused = metrics.feed_readers_refused
        metrics.feed_readers.set_function(lambda: self._readers)

    async def read(self, asked: Asked, *, is_gone: Callable[[], bool] = lambda: False) -> Changes | CursorProblem | Expired | Crowded:
        """Return results, or none once the time is over. `is_gone` says whether the reader has hung up. Raises Unavailable."""
        if self._readers >= self._most:
            self._refused.inc()
            return Crowded(self._most)
        with self.occupied():
            return await self._answer(asked, is_gone)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Count a reader that is answered, or that has not yet taken its answer, whose bytes are in memory until then."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    async def _answer(self, asked: Asked, is_gone: Callable[[], bool]) -> Changes | CursorProblem | Expired:
        until = self._seconds() + asked.wait
        end = await self._rows.end()
        if asked.after == LATEST:
            return Changes([], cursor_of(end.last, end.installation), more=False)
        after = 0 if asked.after is None else read_cursor(asked.after, end.installation)
        if isinstance(after, CursorProblem):
            return after
        page = await self._page(after, asked)
        if asked.after is not None and not page.follows(after):
            return Expired()
        while not page.rows and not self._is_over(is_gone) and (left := until - self._seconds()) > 0:
            after = page.through
            if not page.more:
                await self.watch.wait(after, asked.shops, left, is_gone)
                if self._is_over(is_gone):
                    break
            page = await self._page(after, asked)
            if not page.follows(after):
                return Expired()
        return Changes(page.rows, cursor_of(page.through, page.end.installation), page.more)

    def _is_over(self, is_gone: Callable[[], bool]) -> bool:
        return self.watch.is_closed or is_gone()

    async def _page(self, after: int, asked: Asked) -> FeedPage:
        async with self._reads:
            return await self._rows.page(after, asked.shops, asked.limit)
