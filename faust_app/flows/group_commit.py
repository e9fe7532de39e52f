"""Group commit: what many events ask for at the same time is done in one statement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from faust_app.core.failure import Unavailable

T = TypeVar("T")
R = TypeVar("R")

SPACING: Final = 0.02
"""Seconds from the beginning of one group to that of the next while many items arrive: what an item waits at most for company."""
FEW: Final = 5
"""Items within SPACING that gain too little from company to wait for it."""
ENOUGH: Final = 200
"""Items that wait for no more: a larger group saves nothing, and holds its locks for longer."""


def begins_at(waiting: int, arrivals: Sequence[float], began: float, now: float) -> float:
    """Return when the next group begins, in seconds of the clock that `now` is read from.

    `waiting` is how many items it would have, `arrivals` the times of the latest FEW + 1 items, oldest first, and `began` when
    the group before it began.
    """
    many = len(arrivals) > FEW and arrivals[-FEW - 1] > now - SPACING
    return max(now, began + SPACING) if many and waiting < ENOUGH else now


class GroupCommit(Generic[T, R]):
    """Collects items while the group before them is under way, then works on them together; groups of many items are spaced.

    `work` returns one result per item, in order. Cancelling one submitter never cancels its group. A group that finds
    a dependency unavailable fails as a whole; one that fails otherwise is worked on again item by item, so that only the item
    that caused it gets the error.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, limit: int = 500) -> None:
        self._work = work
        self._limit = limit
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._arrivals: deque[float] = deque(maxlen=FEW + 1)
        self._began = -SPACING
        self._enough = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Do the item with its group; return its result or raise its error."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, future))
        self._arrivals.append(loop.time())
        if len(self._waiting) >= ENOUGH:
            self._enough.set()
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="group commit")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            await self._until_due(asyncio.get_running_loop())
            group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            if wanted := [pair for pair in group if not pair[1].done()]:
                await self._work_on(wanted)

    async def _until_due(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until the next group begins: by one timer, or for ENOUGH items."""
        now = loop.time()
        at = begins_at(len(self._waiting), self._arrivals, self._began, now)
        if at > now:
            self._enough.clear()
            timer = loop.call_at(at, self._enough.set)
            try:
                await self._enough.wait()
            finally:
                timer.cancel()
        self._began = loop.time()

    async def _work_on(self, group: list[tuple[T, "asyncio.Future[R]"]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except Unavailable as failure:
            for _, future in group:
                _fail(future, failure)
        except Exception as error:  # noqa: BLE001 - handed to the submitter, who judges it
            await self._work_one_by_one(group, error)
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _work_one_by_one(self, group: list[tuple[T, "asyncio.Future[R]"]], error: Exception) -> None:
        if len(group) == 1:
            _fail(group[0][1], error)
            return
        for pair in group:
            await self._work_on([pair])


def _fail(future: "asyncio.Future[R]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
