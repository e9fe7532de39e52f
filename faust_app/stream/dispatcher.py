"""Reads ahead, works on many events at once, and acknowledges only what is finished without a gap.

Faust's committed offset can pass an event that is still being worked on; so each partition has a window of its events
in offset order, and only the finished prefix of a window is acknowledged. When partitions move or the worker stops,
everything held is given back unacknowledged and is delivered again: to work on an event twice is safe, the row decides.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum, auto
from typing import Protocol

import structlog
from faust.types import TP, EventT, StreamT
from faust.types.tuples import Message

from faust_app.core.record import Record
from faust_app.flows.ingest import Handled

log = structlog.get_logger()

Handle = Callable[[Record], Awaitable[Handled]]


class PartitionControl(Protocol):
    """What the dispatcher needs of Faust's consumer."""

    def assigned(self) -> Iterable[TP]:
        """Return the partitions that are ours."""
        ...

    def is_flowing(self) -> bool:
        """Tell whether events may start: not while partitions move or the worker stops."""
        ...

    def pause(self, tp: TP) -> None:
        """Stop fetching a partition; what was fetched still comes."""
        ...

    def resume(self, tp: TP) -> None:
        """Fetch a paused partition again, if it is still ours."""
        ...

    def forget_pause(self, tp: TP) -> None:
        """Clear a pause without fetching: the partition is being taken away."""
        ...

    def give_back(self, message: Message) -> None:
        """Let the consumer stop waiting for the message's acknowledgement: it will be delivered again."""
        ...


class _Progress(Enum):
    QUEUED = auto()
    RUNNING = auto()
    FINISHED = auto()


class _Held:
    """One event in our hands."""

    __slots__ = ("dropped", "event", "progress", "stream", "tp")

    def __init__(self, stream: StreamT[bytes], event: EventT[bytes]) -> None:
        self.stream = stream
        self.event = event
        # The driver's messages carry aiokafka's type, and one of those in Faust's sets kills its fetch loop.
        self.tp = TP(event.message.topic, event.message.partition)
        self.progress = _Progress.QUEUED
        self.dropped = False


class Dispatcher:
    """Serves its slots from a queue per topic, in turn, as long as `may_start` allows; `go_on` tells that it may again.

    `handle` deals with a record or returns it, which puts it back in front of its queue, and raises nothing; should it
    raise all the same, `fail` is called with the error and the event stays unacknowledged. `ahead` bounds the events
    held of a topic, `ahead_per_partition` softly those of a partition: what was fetched before the pause is still taken.
    """

    def __init__(
        self,
        handle: Handle,
        control: PartitionControl,
        fail: Callable[[BaseException], None],
        *,
        may_start: Callable[[], bool],
        slots: int,
        ahead: int,
        ahead_per_partition: int,
        grace: float,
    ) -> None:
        self._handle = handle
        self._control = control
        self._fail = fail
        self._may_start = may_start
        self._slots = slots
        self._ahead = ahead
        self._ahead_per_partition = ahead_per_partition
        self._grace = grace
        self._windows: dict[TP, deque[_Held]] = {}
        self._queues: dict[str, deque[_Held]] = {}
        self._turn: deque[str] = deque()
        self._held: Counter[str] = Counter()
        self._paused: set[TP] = set()
        self._running: dict[asyncio.Task[Handled], _Held] = {}

    @property
    def running(self) -> int:
        """How many events are being worked on."""
        return len(self._running)

    def held(self, topic: str) -> int:
        """Return how many events of the topic are in our hands: queued, running or waiting for the ones before them."""
        return self._held[topic]

    def submit(self, stream: StreamT[bytes], event: EventT[bytes]) -> None:
        """Take an event. Never waits: an agent that waited here would hold up its whole topic."""
        if not self._control.is_flowing():
            self._control.give_back(event.message)
            return
        held = _Held(stream, event)
        window = self._windows.setdefault(held.tp, deque())
        window.append(held)
        self._held[held.tp.topic] += 1
        self._enqueue(held)
        if len(window) >= self._ahead_per_partition:
            self._pause(held.tp)
        if self._held[held.tp.topic] >= self._ahead:
            for tp in self._control.assigned():
                if tp.topic == held.tp.topic:
                    self._pause(tp)
        self._start()

    def go_on(self) -> None:
        """Start what may start."""
        self._start()

    def drain(self) -> None:
        """Give everything back at once; what is running gets its grace and is then cancelled. Nothing is acknowledged."""
        given_back = 0
        for held in (held for window in self._windows.values() for held in window):
            held.dropped = True
            if held.progress is not _Progress.RUNNING:
                self._control.give_back(held.event.message)
                given_back += 1
        if given_back or self._running:
            log.info("drain", given_back=given_back, running=len(self._running))
        for tp in self._paused:
            self._control.forget_pause(tp)
        for state in (self._windows, self._queues, self._turn, self._held, self._paused):
            state.clear()
        asyncio.get_running_loop().call_later(self._grace, _cancel, list(self._running))

    def _enqueue(self, held: _Held) -> None:
        topic = held.tp.topic
        if topic not in self._queues:
            self._queues[topic] = deque()
            self._turn.append(topic)
        self._queues[topic].append(held)

    def _next(self) -> _Held | None:
        """Return the next event, the topics in turn."""
        for _ in range(len(self._turn)):
            topic = self._turn[0]
            self._turn.rotate(-1)
            if queue := self._queues[topic]:
                return queue.popleft()
        return None

    def _start(self) -> None:
        while len(self._running) < self._slots and self._may_start() and (held := self._next()) is not None:
            held.progress = _Progress.RUNNING
            task = asyncio.create_task(self._run(held), name="event")
            self._running[task] = held
            task.add_done_callback(self._ended)

    async def _run(self, held: _Held) -> Handled:
        return await self._handle(_record(held.event.message))

    def _ended(self, task: "asyncio.Task[Handled]") -> None:
        held = self._running.pop(task)
        error = None if task.cancelled() else task.exception()
        if held.dropped:
            self._control.give_back(held.event.message)
        elif task.cancelled() or error is not None:
            self._fail(error or asyncio.CancelledError())
            return
        elif task.result() is Handled.RETURNED:
            held.progress = _Progress.QUEUED
            self._queues[held.tp.topic].appendleft(held)
        else:
            held.progress = _Progress.FINISHED
            self._acknowledge(held.tp)
        self._start()

    def _acknowledge(self, tp: TP) -> None:
        """Acknowledge the finished prefix of the partition's window."""
        window = self._windows[tp]
        while window and window[0].progress is _Progress.FINISHED:
            done = window.popleft()
            self._held[tp.topic] -= 1
            _ack(done)
        self._resume_where_there_is_room(tp)

    def _pause(self, tp: TP) -> None:
        if tp not in self._paused:
            self._paused.add(tp)
            self._control.pause(tp)

    def _resume_where_there_is_room(self, tp: TP) -> None:
        """Resume at half of each bound, so that a partition is not paused and resumed with every event."""
        if not self._paused or self._held[tp.topic] > self._ahead // 2:
            return
        for paused in [paused for paused in self._paused if paused.topic == tp.topic]:
            if len(self._windows.get(paused, ())) <= self._ahead_per_partition // 2:
                self._paused.discard(paused)
                self._control.resume(paused)


def _ack(held: _Held) -> None:
    """Acknowledge through the stream, which tells Faust's sensors; its coroutine never waits."""
    try:
        held.stream.ack(held.event).send(None)
    except StopIteration:
        return
    raise RuntimeError("Faust's ack waited: it must be synchronous for acks to stay in order")


def _record(message: Message) -> Record:
    return Record(message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value)


def _cancel(tasks: list["asyncio.Task[Handled]"]) -> None:
    for task in tasks:
        task.cancel()
