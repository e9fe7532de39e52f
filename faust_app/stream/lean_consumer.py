"""Faust's consumer, without the four tasks in which it delivers a record to a queue that has room."""

import inspect
from collections.abc import Generator
from typing import Any

from faust.transport.drivers import aiokafka
from mode.services import WaitResults


class Begun:
    """A coroutine that already waits for something, as what a task can go on with."""

    def __init__(self, coroutine: Any, waits_for: Any) -> None:
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


class LeanConsumer(aiokafka.Consumer):
    """The consumer of the transport for aiokafka, which waits for a delivery only where there is something to wait for.

    Faust races each delivery against the end of the flow, and against its own stop and crash: a task each.
    A delivery waits for nothing unless the flow is stopped or its queue is full.
    """

    async def wait_first(self, *coros: Any, **options: Any) -> WaitResults:
        """Return what ends first. The first coroutine is run as far as it goes; if that is its end, nothing else is begun."""
        first, *others = coros
        if not inspect.iscoroutine(first):
            return await super().wait_first(*coros, **options)
        try:
            waits_for = first.send(None)
        except BaseException as end:
            for other in others:
                if inspect.iscoroutine(other):
                    other.close()
            if isinstance(end, StopIteration):
                return WaitResults([first], [end.value], stopped=False)
            raise
        return await super().wait_first(Begun(first, waits_for), *others, **options)


class LeanTransport(aiokafka.Transport):
    """Faust's transport, with that consumer."""

    Consumer = LeanConsumer
