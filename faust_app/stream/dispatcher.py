"""Reads ahead, runs many events at once, and acknowledges each partition in offset order without gaps.

Faust's committed offset can pass an event that is still being worked on (faust-streaming issue 606). So each partition has
a window of its events in offset order, and only the safe prefix of a window is acknowledged. When partitions move or the
worker stops, everything held is given back unacknowledged and is redelivered: running an event twice is safe, because the
row decides.

A slow source holds few slots, and blocks neither read-ahead nor acknowledgements: when its queue grows long its youngest
events are deferred, and an event that runs long is acknowledged early, once its row is scheduled.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import structlog
from faust.types import EventT, StreamT
from faust.types.tuples import Message

from faust_app.core.dispatch.pace import SourcePace
from faust_app.core.dispatch.queues import SourceQueues
from faust_app.core.messages.record import Record
from faust_app.core.sources.health import Source
from faust_app.flows.images.executor import Event, Handled
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.stream.windows import Held, PartitionControl, State, Windows

log = structlog.get_logger()

LONG_SECONDS: Final = 2.0
"""Seconds an event may run, or wait for its source, before it is acknowledged early if many events wait behind it."""
_DEFER_AT_ONCE: Final = 500
"""Deferrals in progress at most."""


class Handler(Protocol):
    """Executes events. Never raises because of an event's content or a failure outside."""

    def read(self, record: Record) -> Event:
        """Parse a record into an event."""
        ...

    async def execute(self, event: Event, *, defer_by: timedelta | None = None) -> Handled:
        """Execute the event, or return it if a dependency is unavailable; with `defer_by` its row becomes due after that time."""
        ...

    async def ack_early(self, event: Event) -> bool:
        """Schedule the row of an unfinished event, so that it may be acknowledged early; return whether it is scheduled."""
        ...


class Dispatcher:
    """Fills its slots from a queue per topic and source, round robin, while `may_start` allows.

    `run` starts what `held` releases; call `run_pass` every second. An event that the handler returns goes back to the front
    of its queue. If the handler raises, `fail` is called with the error and the event stays unacknowledged.
    """

    def __init__(
        self,
        handler: Handler,
        windows: Windows,
        control: PartitionControl,
        held: HeldEvents,
        fail: Callable[[BaseException], None],
        *,
        may_start: Callable[[], bool],
        pace: SourcePace,
        slots: int,
        grace: float,
    ) -> None:
        self._handler = handler
        self._windows = windows
        self._control = control
        self._held = held
        self._fail = fail
        self._may_start = may_start
        self._pace = pace
        self._slots = slots
        self._grace = grace
        self._queues: dict[str, SourceQueues[Held]] = {}
        self._turn: deque[str] = deque()
        self._running: dict[asyncio.Task[Handled], Held] = {}
        self._aside: dict[asyncio.Task[Handled], Held] = {}
        self.progress_count = 0
        """Progress count: events started, ended, deferred, returned and acknowledged."""

    @property
    def running(self) -> int:
        """Number of running events."""
        return len(self._running)

    @property
    def unfinished(self) -> int:
        """Number of events held and not finished."""
        return max(self._windows.held_in_all, len(self._running) + len(self._aside))

    def held(self, topic: str) -> int:
        """Return how many events of the topic are held: queued, running, or waiting to be acknowledged in order."""
        return self._windows.held(topic)

    def submit(self, stream: StreamT[bytes], event: EventT[bytes]) -> None:
        """Accept an event. Never waits: an agent that waited here would hold up its whole topic."""
        if not self._control.is_flowing():  # of the assignment that ends: it is redelivered
            self._control.give_back(event.message)
            return
        held = Held(stream, event, self._handler.read(_record(event.message)), _now())
        self._windows.add(held)
        self._queue(held.tp.topic).push(held.work.source, held)
        self._pace.arrived(held.work.source)
        self._start()

    async def run(self) -> None:
        """Start events whenever the held ones are released."""
        while True:
            await self._held.released()
            self._free_all()
            self._start()

    async def run_pass(self) -> None:
        """Free what slow sources hold: defer the youngest events of long queues, acknowledge long-running events early."""
        if not self._may_start():
            return
        self._free_all()
        if self._pace.egress.is_open:
            self._start()
            return
        now = _now()
        for topic, queues in self._queues.items():
            for source in queues.sources():
                self._defer(topic, source, now)
        long = [held for held in self._windows.pressing() if now - held.since >= LONG_SECONDS and self._is_slow(held, now)]
        await asyncio.gather(*(self._ack_early(held) for held in long))
        self._start()

    def drain(self) -> None:
        """Give everything back at once, unacknowledged; running events are cancelled after a grace period."""
        # Faust waits without a timeout until no message is unacknowledged, so all are discarded now.
        busy = {*self._running.values(), *self._aside.values()}
        waiting = [held for held in self._windows.drop_all() if held not in busy]
        for held in waiting:
            self._control.give_back(held.event.message)
        for queued in (held for queues in self._queues.values() for held in queues.items()):
            self._pace.left(queued.work.source)
        if waiting or busy:
            log.info("drain", given_back=len(waiting), running=len(busy))
        self._queues.clear()
        self._turn.clear()
        asyncio.get_running_loop().call_later(self._grace, _cancel, [*self._running, *self._aside])

    def _queue(self, topic: str) -> SourceQueues[Held]:
        if topic not in self._queues:
            self._queues[topic] = SourceQueues()
            self._turn.append(topic)
        return self._queues[topic]

    def _next(self, now: float) -> Held | None:
        """Return the next event, round robin over the topics and within each over its sources."""
        for _ in range(len(self._turn)):
            topic = self._turn[0]
            self._turn.rotate(-1)
            held = self._queues[topic].pop(lambda source: self._pace.has_slot(source, now))
            if held is not None:
                return held
        return None

    def _start(self) -> None:
        now = _now()
        while len(self._running) < self._slots and self._may_start() and (held := self._next(now)) is not None:
            self.progress_count += 1
            held.start(now)
            self._pace.started(held.work.source, now)
            task = asyncio.create_task(self._run(held), name="event")
            self._running[task] = held
            task.add_done_callback(self._ended)

    async def _run(self, held: Held) -> Handled:
        return await self._handler.execute(held.work)

    def _ended(self, task: "asyncio.Task[Handled]") -> None:
        held = self._running.pop(task)
        source = held.work.source
        self._pace.ended(source, held.since)
        for queues in self._queues.values():  # the topics share the slots of a host
            queues.slot_freed(source[1])
        if self._pace.was_refused():
            self._free_all()
        self._close(held, task)
        self._start()

    def _free_all(self) -> None:
        for queues in self._queues.values():
            queues.all_freed()

    def _defer(self, topic: str, source: Source, now: float) -> None:
        room = _DEFER_AT_ONCE - len(self._aside)
        for _ in range(min(room, self._pace.surplus(source, now))):
            held = self._queues[topic].pop_youngest(source)
            if held is None:
                return
            self._pace.left(source)
            held.start(now)
            task = asyncio.create_task(self._defer_one(held, timedelta(seconds=self._pace.defer(source, now))), name="defer")
            self._aside[task] = held
            task.add_done_callback(self._was_deferred)

    async def _defer_one(self, held: Held, delay: timedelta) -> Handled:
        return await self._handler.execute(held.work, defer_by=delay)

    def _was_deferred(self, task: "asyncio.Task[Handled]") -> None:
        self._close(self._aside.pop(task), task)

    def _is_slow(self, held: Held, now: float) -> bool:
        """Return whether the event is slow by itself (it runs, or its source is full), not just waiting for a free slot."""
        return held.state is State.RUNNING or (held.state is State.QUEUED and self._pace.is_full(held.work.source, now))

    async def _ack_early(self, held: Held) -> None:
        """Acknowledge early an event whose row is now scheduled: if this worker dies, the row is published again.

        An event whose state changed meanwhile keeps its message: a returned one is queued like any other.
        """
        state = held.state
        if await self._handler.ack_early(held.work) and held.state is state:
            self.progress_count += 1
            self._windows.release(held, State.COVERED)

    def _close(self, held: Held, task: "asyncio.Task[Handled]") -> None:
        """Do with the event what the end of its task asks for."""
        self.progress_count += 1
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if held.state is State.DROPPED:
            self._control.give_back(held.event.message)
        elif held.state is State.ACKED and task.cancelled():
            log.info("event cancelled after it was acknowledged early")  # its row brings it back
        elif error is not None:
            self._fail(error)
        elif task.result() is Handled.DONE:
            self._windows.release(held, State.ENDED)
        elif held.state is State.RUNNING:  # returned; one that is covered comes back by its row
            held.state = State.QUEUED
            self._queue(held.tp.topic).push_front(held.work.source, held)
            self._pace.arrived(held.work.source)


def _record(message: Message) -> Record:
    return Record(message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cancel(tasks: "list[asyncio.Task[Handled]]") -> None:
    for task in tasks:
        task.cancel()
