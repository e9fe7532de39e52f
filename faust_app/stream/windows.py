"""Holds the events of each partition in offset order: acknowledges them without gaps, and bounds how far to read ahead."""

import functools
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Protocol

from faust.types import TP, EventT, StreamT
from faust.types.tuples import Message

from faust_app.core.dispatch.pace.deferral_clock import LONGEST_WAIT
from faust_app.flows.images.executor import Event


class PartitionControl(Protocol):
    """The operations that the dispatcher needs from Faust's consumer."""

    def assigned(self) -> Iterable[TP]:
        """Return the partitions assigned to this worker."""
        ...

    def is_flowing(self) -> bool:
        """Return whether events may start: not while partitions move or the worker stops."""
        ...

    def pause(self, tp: TP) -> None:
        """Stop fetching a partition; records already fetched still arrive."""
        ...

    def resume(self, tp: TP) -> None:
        """Fetch a paused partition again, if it is still assigned."""
        ...

    def forget_pause(self, tp: TP) -> None:
        """Clear a pause without fetching: the partition is being revoked, and a later owner would inherit the pause."""
        ...

    def give_back(self, message: Message) -> None:
        """Stop waiting for the message's acknowledgement: it will be redelivered."""
        ...


class State(Enum):
    """Where an event stands, from its arrival to its end in this worker. Only `Windows` acknowledges and drops."""

    QUEUED = auto()  #: it waits for a slot
    RUNNING = auto()  #: it is executed or deferred
    COVERED = auto()  #: it is queued or runs, and its row is scheduled: should this worker die, the row brings it back
    ENDED = auto()  #: it is settled, and acknowledged once all before it in its partition may be
    ACKED = auto()  #: it is acknowledged
    DROPPED = auto()  #: it is given back unacknowledged, and will be redelivered


@functools.cache
def _tp(topic: str, partition: int) -> TP:
    """Return the partition's one `TP` of Faust, shared by the thousands of events that a worker holds.

    Messages carry aiokafka's type, and one of those in Faust's sets ends its fetch loop.
    """
    return TP(topic, partition)


class Held:
    """One event in the worker's hands; `since` is when it arrived, or when it started."""

    __slots__ = ("event", "since", "state", "stream", "tp", "work")

    def __init__(self, stream: StreamT[bytes], event: EventT[bytes], work: Event, since: float) -> None:
        self.stream = stream
        self.event = event
        self.work = work
        self.tp = _tp(event.message.topic, event.message.partition)
        self.state = State.QUEUED
        self.since = since

    @property
    def may_be_acked(self) -> bool:
        """Whether it no longer needs its message; asked for each event, and an Enum in a set is hashed by Python code."""
        return self.state is State.ENDED or self.state is State.COVERED

    def start(self, now: float) -> None:
        """Record that it runs from now on; what no longer needs its message stays so."""
        self.since = now
        if self.state is State.QUEUED:
            self.state = State.RUNNING


class Windows:
    """A window per partition. `ahead` bounds the events held of a topic, `ahead_per_partition` softly those of a partition.

    Softly, because pausing cannot recall what the stream already holds. An event counts until it is acknowledged: once it
    and all before it in its partition are safe, that is finished, or scheduled in their row.
    """

    def __init__(self, control: PartitionControl, *, ahead: int, ahead_per_partition: int) -> None:
        self._control = control
        self._ahead = ahead
        self._ahead_per_partition = ahead_per_partition
        self._windows: dict[TP, deque[Held]] = {}
        self._held: Counter[str] = Counter()
        self._paused: set[TP] = set()

    @property
    def held_in_all(self) -> int:
        """Number of unacknowledged events of all topics."""
        return sum(self._held.values())

    def held(self, topic: str) -> int:
        """Return the number of unacknowledged events of the topic."""
        return self._held[topic]

    def add(self, held: Held) -> None:
        """Append an event to the window of its partition, and pause what is full."""
        window = self._windows.setdefault(held.tp, deque())
        window.append(held)
        self._held[held.tp.topic] += 1
        if len(window) >= self._ahead_per_partition:
            self._pause(held.tp)
        if self._held[held.tp.topic] >= self._ahead:
            for tp in self._control.assigned():
                if tp.topic == held.tp.topic:
                    self._pause(tp)

    def release(self, held: Held, state: State) -> None:
        """Record that the event no longer needs its message (COVERED or ENDED), and acknowledge its partition as far as possible."""
        if held.state is State.ACKED or held.state is State.DROPPED:
            return
        held.state = state
        window = self._windows[held.tp]
        while window and window[0].may_be_acked:
            self._held[held.tp.topic] -= 1
            _ack(window.popleft())
        self._resume_where_there_is_room(held.tp)

    def pressing(self, now: float) -> Iterator[Held]:
        """Return what may hold up partitions that are half full, or whose topic is: what runs, and what waits before a finished event.

        Of a partition that is paused, also what came over LONGEST_WAIT seconds before `now`: nothing behind it is read.
        """
        for tp, window in self._windows.items():
            if len(window) >= self._ahead_per_partition // 2 or self._held[tp.topic] >= self._ahead // 2:
                yield from _pressing(window, now - LONGEST_WAIT if tp in self._paused else -math.inf)

    def crowd(self, topic: str) -> int:
        """Return how many queued events of the topic must go before its paused partitions are fetched again, 0 while none is paused."""
        paused = [tp for tp in self._paused if tp.topic == topic]
        if not paused:
            return 0
        queued = {tp: sum(held.state is State.QUEUED for held in window) for tp, window in self._windows.items() if tp.topic == topic}
        in_paused = sum(max(0, queued.get(tp, 0) - self._ahead_per_partition // 2) for tp in paused)
        return max(in_paused, sum(queued.values()) - self._ahead // 2)

    def drop_all(self) -> list[Held]:
        """Drop and return every event held; none of them is ever acknowledged."""
        dropped = [held for window in self._windows.values() for held in window]
        for held in dropped:
            held.state = State.DROPPED
        for tp in self._paused:
            self._control.forget_pause(tp)
        for state in (self._windows, self._held, self._paused):
            state.clear()
        return dropped

    def _pause(self, tp: TP) -> None:
        """Pause the partition, also where it is paused: Faust resumes by itself what it paused for a full queue of its own."""
        self._paused.add(tp)
        self._control.pause(tp)

    def _resume_where_there_is_room(self, tp: TP) -> None:
        """Resume at half of each bound, so that a partition is not paused and resumed by every event."""
        if not self._paused or self._held[tp.topic] > self._ahead // 2:
            return
        for paused in [paused for paused in self._paused if paused.topic == tp.topic]:
            if len(self._windows.get(paused, ())) <= self._ahead_per_partition // 2:
                self._paused.discard(paused)
                self._control.resume(paused)


def _pressing(window: Sequence[Held], since: float) -> list[Held]:
    """Return the events that run, those before one that is finished, and those that came before `since`."""
    last = max((number for number, held in enumerate(window) if held.may_be_acked), default=0)
    return [held for number, held in enumerate(window) if held.state is State.RUNNING or number < last or held.since < since]


def _ack(held: Held) -> None:
    """Acknowledge through the stream, not the event: only the stream notifies Faust's sensors. Its coroutine never waits."""
    held.state = State.ACKED
    try:
        held.stream.ack(held.event).send(None)
    except StopIteration:
        return
    raise RuntimeError("Faust's ack waited: it must be synchronous for acks to stay in order")
