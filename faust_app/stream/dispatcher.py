"""Reads ahead, works on many events at once, and acknowledges only what is safe without a gap.

Faust's committed offset can pass an event that is still being worked on; so each partition has a window of its events
in offset order, and only the safe prefix of a window is acknowledged. When partitions move or the worker stops,
everything held is given back unacknowledged and is delivered again: to work on an event twice is safe, the row decides.

A source that is slow holds few slots, and neither room to read ahead nor acknowledgements: its youngest events are put
off when its queue grows long, and one that runs long is handed over to its row, which then has a time by itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import structlog
from faust.types import EventT, StreamT
from faust.types.tuples import Message

from faust_app.core.record import Record
from faust_app.core.source_health import Source
from faust_app.core.source_pace import SourcePace
from faust_app.flows.ingest import Event, Handled
from faust_app.stream.queues import SourceQueues
from faust_app.stream.windows import Held, PartitionControl, Progress, Windows

log = structlog.get_logger()

LONG_SECONDS: Final = 2.0
"""An event that runs, or waits for its source, for longer no longer holds the acknowledgements behind it, once those are many."""
_PUT_OFF_AT_ONCE: Final = 500


class Handler(Protocol):
    """Deals with events. What it does never raises for what an event or the outside does."""

    def read(self, record: Record) -> Event:
        """Say what a record asks for."""
        ...

    async def __call__(self, event: Event) -> Handled:
        """Deal with the event, or return it."""
        ...

    async def put_off(self, event: Event, delay: timedelta) -> Handled:
        """Let the event's row be due after the delay."""
        ...

    async def hand_over(self, event: Event) -> bool:
        """Give the row of an event that is being worked on a time of its own; tell whether it has one."""
        ...


class Dispatcher:
    """Serves its slots from a queue per topic and source, in turn, as long as `may_start` allows.

    `go_on` tells that it may again, `run_pass` is called every second. An event that the handler returns is in front of
    its queue again; should the handler raise, `fail` is called with the error and the event stays unacknowledged.
    """

    def __init__(
        self,
        handler: Callable[[], Handler],
        control: PartitionControl,
        fail: Callable[[BaseException], None],
        *,
        may_start: Callable[[], bool],
        pace: SourcePace,
        slots: int,
        ahead: int,
        ahead_per_partition: int,
        grace: float,
    ) -> None:
        self._handler = handler
        self._control = control
        self._fail = fail
        self._may_start = may_start
        self._pace = pace
        self._slots = slots
        self._grace = grace
        self._windows = Windows(control, ahead=ahead, ahead_per_partition=ahead_per_partition)
        self._queues: dict[str, SourceQueues[Held]] = {}
        self._turn: deque[str] = deque()
        self._running: dict[asyncio.Task[Handled], Held] = {}
        self._aside: dict[asyncio.Task[Handled], Held] = {}
        self.moves = 0
        """How often an event was started, ended, put off, returned or acknowledged."""

    @property
    def running(self) -> int:
        """How many events are being worked on."""
        return len(self._running)

    @property
    def unfinished(self) -> int:
        """How many events are in our hands and not dealt with."""
        return max(self._windows.held_in_all, len(self._running) + len(self._aside))

    def held(self, topic: str) -> int:
        """Return how many events of the topic are in our hands: queued, running or waiting for the ones before them."""
        return self._windows.held(topic)

    def submit(self, stream: StreamT[bytes], event: EventT[bytes]) -> None:
        """Take an event. Never waits: an agent that waited here would hold up its whole topic."""
        if not self._control.is_flowing():
            self._control.give_back(event.message)
            return
        held = Held(stream, event, self._handler().read(_record(event.message)), _now())
        self._windows.add(held)
        self._queue(held.tp.topic).push(held.work.source, held)
        self._pace.arrived(held.work.source)
        self._start()

    def go_on(self) -> None:
        """Start what may start."""
        self._free_all()
        self._start()

    async def run_pass(self) -> None:
        """Free what slow sources hold of others: put off the youngest of long queues, hand over what takes long."""
        if not self._may_start():
            return
        self._free_all()
        if self._pace.egress.is_open:
            self._start()
            return
        now = _now()
        for topic, queues in self._queues.items():
            for source in queues.sources():
                self._put_off(topic, source, now)
        long = [held for held in self._windows.pressing() if now - held.since >= LONG_SECONDS and not held.safe]
        await asyncio.gather(*(self._hand_over(held) for held in long if self._takes_long(held, now)))
        self._start()

    def drain(self) -> None:
        """Give everything back at once; what is running gets its grace and is then cancelled. Nothing is acknowledged."""
        busy = {*self._running.values(), *self._aside.values()}
        waiting = [held for held in self._windows.drop_all() if held not in busy]
        for held in busy:
            held.dropped = True
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
        """Return the next event, the topics in turn and in each its sources."""
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
            self.moves += 1
            held.progress, held.since = Progress.RUNNING, now
            self._pace.started(held.work.source, now)
            task = asyncio.create_task(self._run(held), name="event")
            self._running[task] = held
            task.add_done_callback(self._ended)

    async def _run(self, held: Held) -> Handled:
        return await self._handler()(held.work)

    def _ended(self, task: "asyncio.Task[Handled]") -> None:
        held = self._running.pop(task)
        source = held.work.source
        self._pace.ended(source, held.since)
        for queues in self._queues.values():
            queues.slot_freed(source[1])
        if self._pace.was_refused():
            self._free_all()
        self._close(held, task)
        self._start()

    def _free_all(self) -> None:
        for queues in self._queues.values():
            queues.all_freed()

    def _put_off(self, topic: str, source: Source, now: float) -> None:
        room = _PUT_OFF_AT_ONCE - len(self._aside)
        for _ in range(min(room, self._pace.surplus(source, now))):
            held = self._queues[topic].pop_youngest(source)
            if held is None:
                return
            self._pace.left(source)
            held.progress, held.since = Progress.RUNNING, now
            task = asyncio.create_task(self._put_off_one(held, timedelta(seconds=self._pace.put_off(source, now))), name="put off")
            self._aside[task] = held
            task.add_done_callback(self._was_put_off)

    async def _put_off_one(self, held: Held, delay: timedelta) -> Handled:
        return await self._handler().put_off(held.work, delay)

    def _was_put_off(self, task: "asyncio.Task[Handled]") -> None:
        self._close(self._aside.pop(task), task)

    def _takes_long(self, held: Held, now: float) -> bool:
        """Tell whether the event keeps others waiting by itself: what waits for a slot of ours is only one of many."""
        return held.progress is Progress.RUNNING or (held.progress is Progress.QUEUED and self._pace.is_full(held.work.source, now))

    async def _hand_over(self, held: Held) -> None:
        """Acknowledge an event whose row now has a time: should we die, it is published again by that.

        One that went on meanwhile keeps its message: if it was returned, it is queued like every event that was.
        """
        progress = held.progress
        if await self._handler().hand_over(held.work) and held.progress is progress:
            self.moves += 1
            self._windows.make_safe(held)

    def _close(self, held: Held, task: "asyncio.Task[Handled]") -> None:
        """Do with an event what its end asks for."""
        self.moves += 1
        error = None if task.cancelled() else task.exception()
        if held.dropped:
            if not held.acked:
                self._control.give_back(held.event.message)
        elif task.cancelled() or error is not None:
            self._fail(error or asyncio.CancelledError())
        elif task.result() is Handled.DONE:
            held.progress = Progress.ENDED
            self._windows.make_safe(held)
        elif not held.safe:
            held.progress = Progress.QUEUED
            self._queue(held.tp.topic).push_front(held.work.source, held)
            self._pace.arrived(held.work.source)


def _record(message: Message) -> Record:
    return Record(message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cancel(tasks: "list[asyncio.Task[Handled]]") -> None:
    for task in tasks:
        task.cancel()
