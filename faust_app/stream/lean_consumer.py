"""Faust's consumer, without the four tasks in which it delivers a record to a queue that has room."""

import inspect
from collections.abc import Coroutine, Generator
from typing import Any

from faust.transport.drivers import aiokafka
from mode import Service
from mode.services import WaitResults


class Begun:
    """A coroutine that has begun and waits for something, as what a task can go on with."""

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


class EagerRace(Service):
    """A service that races only what has to wait."""

    async def wait_first(self, *coros: Any, **options: Any) -> WaitResults:
        """Return what ends first: the first coroutine, begun at once, where it waits for nothing; the others are then never begun.

        Else as the library does, with a task for each and for this service's stop and crash.
        """
        first, *others = coros
        if not inspect.iscoroutine(first):
            return await super().wait_first(*coros, **options)
        try:
            waits_for = first.send(None)
        except StopIteration as end:
            _drop(others)
            return WaitResults([first], [end.value], stopped=False)
        except BaseException:
            _drop(others)
            raise
        return await super().wait_first(Begun(first, waits_for), *others, **options)


class LeanConsumer(EagerRace, aiokafka.Consumer):
    """The consumer of Faust's transport, which delivers a record without a task where it can.

    Faust races each delivery against the end of the flow, and against its own stop and crash. A delivery waits for nothing
    unless the flow is stopped or its queue is full.
    """


class LeanTransport(aiokafka.Transport):
    """Faust's transport, with that consumer."""

    Consumer = LeanConsumer


def _drop(others: list[Any]) -> None:
    """Close coroutines that are never begun: each would warn that nobody waited for it."""
    for other in others:
        if inspect.iscoroutine(other):
            other.close()
