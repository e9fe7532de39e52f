"""Wakes the readers of the feed that wait, by one query for all of a process."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faust_app.core.failure import Unavailable
from faust_app.core.operators.access import Shops
from faust_app.flows.ports.feed import FeedRows


@dataclass(eq=False, slots=True)
class _Waiting:
    seen: int
    """Up to this position there is nothing for the reader."""
    shops: Shops
    is_gone: Callable[[], bool]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class FeedWatch:
    """Readers that wait for a result of their shops. Nothing is read while nobody waits."""

    def __init__(self, rows: FeedRows) -> None:
        self._rows = rows
        self._waiting: set[_Waiting] = set()
        self.is_closed = False

    async def wait(self, seen: int, shops: Shops, seconds: float, is_gone: Callable[[], bool]) -> None:
        """Return once there may be a result behind `seen` for these shops, the time is over, the reader is gone, or all stops."""
        if self.is_closed:
            return
        one = _Waiting(seen, shops, is_gone)
        self._waiting.add(one)
        try:
            async with asyncio.timeout(seconds):
                await one.woken.wait()
        except TimeoutError:
            return
        finally:
            self._waiting.discard(one)

    async def run_pass(self) -> None:
        """Wake the readers that have something to read. While the database is unavailable all are woken, and answered so."""
        _wake(one for one in self._waiting if one.is_gone())
        if not self._waiting:
            return
        try:
            await self._wake_behind()
        except Unavailable:
            _wake(self._waiting)
            raise

    def close(self) -> None:
        """Answer every reader at once, from now on too."""
        self.is_closed = True
        _wake(self._waiting)

    async def _wake_behind(self) -> None:
        last = (await self._rows.end()).last
        behind = [one for one in self._waiting if one.seen < last]
        if not behind:
            return
        shops = await self._rows.shops_between(min(one.seen for one in behind), last)
        for one in behind:
            if shops is None or one.shops is None or one.shops & shops:
                one.woken.set()
            one.seen = last


def _wake(waiting: Iterable[_Waiting]) -> None:
    for one in waiting:
        one.woken.set()
