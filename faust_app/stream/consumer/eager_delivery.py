"""A record is delivered to a queue that has room without the four tasks that Faust begins for it."""

import asyncio
import inspect
from collections.abc import Coroutine, Generator
from typing import Any

from mode import Service
from mode.services import WaitResults


class StartedCoroutine:
    """Awaits the rest of a coroutine that was already run to its first wait, which is `waits_for`."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - what the task is told, the coroutine is told
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(sent)
        except StopIteration as end:
            return end.value


class EagerDelivery(Service):
    """A service that races only what has to wait.

    Faust's consumer races each delivery against the end of the flow, and against its own stop and crash. A delivery waits for nothing
    unless the flow is stopped or its queue is full. No other race of the consumer has a coroutine as its first.
    """

    async def wait_first(self, *coros: Any, **options: Any) -> WaitResults:
        """Run the first coroutine as far as it goes. If it ends, return its result and close the others.

        Else race them as the library does. Its first step then ran in the caller's task, and the rest runs in another: across its first
        wait it must not use the current task, and so no `asyncio.timeout`. Either way the event loop has a turn.
        """
        first, *others = coros
        if not inspect.iscoroutine(first):
            return await super().wait_first(*coros, **options)
        try:
            waits_for = first.send(None)
        except StopIteration as end:
            _drop(others)
            # The agents take one record a turn: without a turn here their queues would fill past what the windows bound.
            await asyncio.sleep(0)
            return WaitResults([], [], stopped=True) if self.should_stop else WaitResults([first], [end.value], stopped=False)
        except BaseException:
            _drop(others)
            raise
        return await super().wait_first(StartedCoroutine(first, waits_for), *others, **options)


def _drop(others: list[Any]) -> None:
    """Close coroutines that are never begun: each would warn that nobody waited for it."""
    for other in others:
        if inspect.iscoroutine(other):
            other.close()
