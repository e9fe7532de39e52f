"""Group commit: what many events ask for at the same time is done in one statement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from faust_app.core.failure import Unavailable

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Collects items while the group before them is under way, then works on them together.

    `work` returns one result per item, in order. Cancelling one submitter never cancels its group. A group that finds
    a dependency unavailable fails as a whole; one that fails otherwise is worked on again item by item, so that only the item
    that caused it gets the error.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, limit: int = 500) -> None:
        self._work = work
        self._limit = limit
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Do the item with its group; return its result or raise its error."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="group commit")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            await self._work_on([pair for pair in group if not pair[1].done()])

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
