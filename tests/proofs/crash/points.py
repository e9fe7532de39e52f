"""Where a worker may die, each point by its name, and the traps that make it die there."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Final

from faust_app.core.images.objects import image_prefix
from faust_app.flows.images.executor import Event
from faust_app.stream import windows
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.windows import Held
from faust_app.wiring.common import Parts
from faust_app.wiring.worker import WorkerParts


class CrashPoint(StrEnum):
    """Before and after each act of a worker that the outside notices."""

    BEFORE_PUBLISH = "before publish"  #: the row is claimed, its event not yet sent
    AFTER_PUBLISH = "after publish"  #: Kafka has the event, the row not its position
    BEFORE_EARLY_ACK = "before early ack"  #: the event runs long, its row does not know
    AFTER_EARLY_ACK = "after early ack"  #: the row has a time, the event is not yet acknowledged
    BEFORE_PUT = "before PUT"  #: fetched and checked
    AFTER_PUT = "after PUT"  #: the object is there, the row does not show it
    BEFORE_COMMIT = "before COMMIT"  #: the outcome is written and not committed
    AFTER_COMMIT = "after COMMIT"  #: committed, and nobody was told
    BEFORE_ACK = "before ack"  #: settled, the event not yet acknowledged
    AFTER_ACK = "after ack"  #: acknowledged, its offset not yet committed
    BEFORE_DRAIN = "before drain"  #: the worker is to stop, the event runs
    AFTER_DRAIN = "after drain"  #: what was held is given back, the event still runs


PUBLISHES: Final = {CrashPoint.BEFORE_PUBLISH, CrashPoint.AFTER_PUBLISH}
"""The points of a publisher; all others are those of an event."""


class Trap:
    """Springs once, when the worker comes to the point with the image.

    Where a point lets others go on, `pause` seconds pass before it springs: whatever was acknowledged too early is committed.
    """

    def __init__(self, point: CrashPoint, shop_no: int, image_id: str, spring: Callable[[], object], *, pause: float = 0.0) -> None:
        self.point = point
        self.key = shop_no, image_id.encode()
        self._spring = spring
        self._pause = pause
        self.sprung = False

    def step_on(self, point: CrashPoint) -> None:
        """Spring, if this is the point."""
        if point is self.point and not self.sprung:
            self.sprung = True
            self._spring()

    def is_about(self, event: Event) -> bool:
        """Return whether the event is the image's."""
        return getattr(event.asks, "key", None) == self.key

    async def around(self, before: CrashPoint, act: Awaitable[Any], after: CrashPoint) -> Any:
        """Do something of the image's between two points."""
        await self._reach(before)
        result = await act
        await self._reach(after)
        return result

    async def _reach(self, point: CrashPoint) -> None:
        if point is self.point and not self.sprung:
            if point not in PUBLISHES:  # an event that is published would end meanwhile
                await asyncio.sleep(self._pause)
            self.step_on(point)


_committing: ContextVar[bool] = ContextVar("committing", default=False)
"""Whether the transaction under way writes an outcome of the image."""


def lay(trap: Trap, parts: Parts, worker: WorkerParts) -> None:
    """Put the trap at its point, around the real adapters and the real dispatcher."""
    _lay_around_publish(trap, parts)
    _lay_around_put(trap, parts)
    _lay_around_commit(trap, parts)
    _lay_around_early_ack(trap, worker)
    _lay_around_drain(trap, worker.dispatcher)
    _lay_around_ack(trap)


def _lay_around_publish(trap: Trap, parts: Parts) -> None:
    publish, topics = parts.event_log.publish, {spec.name for spec in parts.topics.images}
    mark = b'"image_id":"%s"' % trap.key[1]

    async def trapped(messages: Any) -> Any:
        sends = publish(messages)
        if any(message.topic in topics and mark in message.value for message in messages):
            return await trap.around(CrashPoint.BEFORE_PUBLISH, sends, CrashPoint.AFTER_PUBLISH)
        return await sends

    parts.event_log.publish = trapped  # type: ignore[method-assign]


def _lay_around_put(trap: Trap, parts: Parts) -> None:
    put, prefix = parts.store.put, image_prefix(*trap.key)

    async def trapped(key: str, content: bytes, **about: Any) -> None:
        putting = put(key, content, **about)
        if key.startswith(prefix):
            await trap.around(CrashPoint.BEFORE_PUT, putting, CrashPoint.AFTER_PUT)
        else:
            await putting

    parts.store.put = trapped  # type: ignore[method-assign]


def _lay_around_commit(trap: Trap, parts: Parts) -> None:
    change, transaction = parts.repository.change, parts.database._transaction

    async def trapped_change(keys: Any, decide: Any, **options: Any) -> Any:
        token = _committing.set(trap.key in keys)
        try:
            return await change(keys, decide, **options)
        finally:
            _committing.reset(token)

    async def trapped_transaction(connection: Any, unit: Any) -> Any:
        async def until_commit(session: Any) -> Any:
            result, commit = await unit(session), session.commit
            if _committing.get():
                await session.rows("SELECT 1")  # sends the writes, so that they and COMMIT are two steps
                session.commit = lambda: trap.around(CrashPoint.BEFORE_COMMIT, commit(), CrashPoint.AFTER_COMMIT)
            return result

        return await transaction(connection, until_commit)

    parts.repository.change = trapped_change  # type: ignore[method-assign]
    parts.database._transaction = trapped_transaction  # type: ignore[method-assign]


def _lay_around_early_ack(trap: Trap, worker: WorkerParts) -> None:
    ack_early = worker.executor.ack_early

    async def trapped(event: Event) -> bool:
        handing = ack_early(event)
        if trap.is_about(event):
            return bool(await trap.around(CrashPoint.BEFORE_EARLY_ACK, handing, CrashPoint.AFTER_EARLY_ACK))
        return await handing

    worker.executor.ack_early = trapped  # type: ignore[method-assign]


def _lay_around_drain(trap: Trap, dispatcher: Dispatcher) -> None:
    drain = dispatcher.drain

    def trapped() -> None:
        holds = any(trap.is_about(held.work) for window in dispatcher._windows._windows.values() for held in window)
        if holds:
            trap.step_on(CrashPoint.BEFORE_DRAIN)
        drain()
        if holds:
            trap.step_on(CrashPoint.AFTER_DRAIN)

    dispatcher.drain = trapped  # type: ignore[method-assign]


def _lay_around_ack(trap: Trap) -> None:
    ack = windows._ack

    def trapped(held: Held) -> None:
        if trap.is_about(held.work):
            trap.step_on(CrashPoint.BEFORE_ACK)
        ack(held)
        if trap.is_about(held.work):
            trap.step_on(CrashPoint.AFTER_ACK)

    windows._ack = trapped
