"""An event loop in which waiting takes no time: when nothing can go on, its clock jumps to the next timer."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

OWNER: contextvars.ContextVar[str] = contextvars.ContextVar("owner", default="")
"""Which process of the test a task belongs to; the tasks it starts inherit it."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0 and is its own, so that a run depends on nothing but what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self.owners: dict[asyncio.Future[Any], str] = {}
        self.set_task_factory(_owned)  # type: ignore[arg-type]

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        loop: Any = self
        if not loop._ready and loop._scheduled:
            self._now = max(self._now, loop._scheduled[0]._when)
        loop._run_once_of_parent()

    def _run_once_of_parent(self) -> None:
        super()._run_once()  # type: ignore[misc]

    def tasks_of(self, owner: str) -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks(self) if self.owners.get(task) == owner]


def _owned(loop: JumpingLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    loop.owners[task] = OWNER.get()
    task.add_done_callback(lambda done: loop.owners.pop(done, None))
    return task
