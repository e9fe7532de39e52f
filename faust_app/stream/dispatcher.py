"""Reads ahead, runs many events at once, and acknowledges each partition in offset order without gaps.

Faust's committed offset can pass an event that is still being worked on (faust-streaming issue 606). So each partition has
a window of its events in offset order, and only the safe prefix of a window is acknowledged. When partitions move or the
worker stops, everything held is given back unacknowledged and is redelivered: running an event twice is safe, because the
row decides.

A slow source holds few slots, and blocks neither read-ahead nor acknowledgements: when its queue grows long its youngest
events are deferred, and an event that runs long is acknowledged early, once its row is scheduled. So are the youngest events
of whoever fills the read-ahead, for what others want may be behind them.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import structlog
from faust.types import EventT, StreamT
from faust.types.tuples import Message

from faust_app.core.dispatch.fairness import Fairness
from faust_app.core.dispatch.fairness_snapshot import WorkerNow, snapshot_of
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.workload import Ticket
from faust_app.core.messages.events import ImageEvent
from faust_app.core.messages.record import Record
from faust_app.core.sources.health import Source
from faust_app.flows.images.executor import Event, Handled, nothing
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.stream.windows import Held, PartitionControl, State, Windows

log = structlog.get_logger()

LONG_SECONDS: Final = 2.0
"""Seconds an event may run, or wait for its source, before it is acknowledged early where it holds up its partition."""
TELL_SECONDS: Final = 1.0
"""Seconds between two lines of a drain."""
_DEFER_AT_ONCE: Final = 200
"""Deferrals in progress at most: more would fill no larger group of writes."""


class Handler(Protocol):
    """Executes events. Never raises because of an event's content or a failure outside."""

    def read(self, record: Record) -> Event:
        """Parse a record into an event."""
        ...

    async def execute(self, event: Event, *, defer_by: timedelta | None = None, fetched: Callable[[], None] = nothing) -> Handled:
        """Execute the event, or return it if a dependency is unavailable; with `defer_by` its row becomes due after that time.

        `fetched` is called when a fetch has ended.
        """
        ...

    async def ack_early(self, event: Event) -> bool:
        """Schedule the row of an unfinished event, so that it may be acknowledged early; return whether it is scheduled."""
        ...


class Dispatcher:
    """Fills its slots with what the scheduler chooses, while `may_start` allows, but not from a topic that `is_paused`.

    `shares` names the share of each topic; what was begun as a repair has one of its own. `slots` returns how many slots there are
    now: with fewer than run, nothing starts until enough have ended. `run` starts what `held` releases; call `run_pass` every second. An
    event that the handler returns goes back to the front of its queue. If the handler raises, `fail` is called with the error and the event
    stays unacknowledged.
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
        is_paused: Callable[[str], bool],
        scheduler: Scheduler[Held],
        shares: Mapping[str, Share],
        slots: Callable[[], int],
        grace: float,
    ) -> None:
        self._handler = handler
        self._windows = windows
        self._control = control
        self._held = held
        self._fail = fail
        self._may_start = may_start
        self._is_paused = is_paused
        self.scheduler = scheduler
        self._shares = shares
        self._topics_of = {share: [topic for topic, of_topic in shares.items() if of_topic is _share_by_topic(share)] for share in Share}
        self._slots = slots
        self._grace = grace
        self._running: dict[asyncio.Task[Handled], Ticket[Held]] = {}
        self._aside: dict[asyncio.Task[Handled], Held] = {}
        self._began = 0.0
        self.progress_count = 0
        """Progress count: events started, ended, deferred, returned and acknowledged."""

    @property
    def running(self) -> int:
        """Number of running events."""
        return len(self._running)

    @property
    def unfinished(self) -> int:
        """Number of events held and not finished, without those that wait in a paused lane."""
        waiting = sum(self._windows.held(topic) for topic in self._shares if self._is_paused(topic))
        return max(self._windows.held_in_all - waiting, len(self._running) + len(self._aside))

    def held(self, topic: str) -> int:
        """Return how many events of the topic are held: queued, running, or waiting to be acknowledged in order."""
        return self._windows.held(topic)

    def fairness(self) -> Fairness:
        """Return who waits for a slot of this worker, how long, and why."""
        worker = WorkerNow(_now(), self._began, self._slots(), may_start=self._may_start(), is_paused=self._is_share_paused)
        return snapshot_of(self.scheduler, worker)

    def submit(self, stream: StreamT[bytes], event: EventT[bytes]) -> None:
        """Accept an event. Never waits: an agent that waited here would hold up its whole topic."""
        if not self._control.is_flowing():  # of the assignment that ends: it is redelivered
            self._control.give_back(event.message)
            return
        now = _now()
        held = Held(stream, event, self._handler.read(_record(event.message)), now)
        self._windows.add(held)
        self.scheduler.add(self._share(held), held.work.source, held, now)
        self._start(now)

    async def run(self) -> None:
        """Start events whenever the held ones are released."""
        self._began = _now()
        while True:
            await self._held.released()
            self.scheduler.all_freed()
            self._start(_now())

    async def run_pass(self) -> None:
        """Free what slow sources hold: defer the youngest events of long queues, acknowledge long-running events early."""
        if not self._may_start():
            self.scheduler.held_up()
            return
        self.scheduler.all_freed()
        if self.scheduler.pace.egress.is_open:
            self._start(_now())
            return
        now = _now()
        self.scheduler.tick(now)
        self._defer_surplus(now)
        long = [held for held in self._windows.pressing(now) if now - held.since >= LONG_SECONDS and self._is_slow(held, now)]
        await asyncio.gather(*(self._ack_early(held) for held in long))
        self._start(_now())

    def drain(self) -> None:
        """Give everything back at once, unacknowledged; running events are cancelled after a grace period."""
        # Faust waits without a timeout until no message is unacknowledged, so all are discarded now.
        busy = {*(ticket.item for ticket in self._running.values()), *self._aside.values()}
        waiting = [held for held in self._windows.drop_all() if held not in busy]
        for held in waiting:
            self._control.give_back(held.event.message)
        self.scheduler.clear()
        if waiting or busy:
            log.info("drain", given_back=len(waiting), running=len(busy))
        tasks = [*self._running, *self._aside]
        asyncio.get_running_loop().call_later(self._grace, _cancel, tasks)
        _tell_how_far(tasks, _now() + self._grace)

    def _share(self, held: Held) -> Share:
        share = self._shares[held.tp.topic]
        is_repair = isinstance(held.work.asks, ImageEvent) and held.work.asks.origin is not None
        return Share.REPUBLISHED if is_repair and share is Share.BULK else share

    def _is_share_paused(self, share: Share) -> bool:
        return any(map(self._is_paused, self._topics_of[share]))

    def _start(self, now: float) -> None:
        while self._may_start() and (ticket := self.scheduler.next(now, self._slots(), self._is_share_paused)) is not None:
            self.progress_count += 1
            ticket.item.start(now)
            task = asyncio.create_task(self._run(ticket), name="event")
            self._running[task] = ticket
            task.add_done_callback(self._ended)

    async def _run(self, ticket: Ticket[Held]) -> Handled:
        return await self._handler.execute(ticket.item.work, fetched=partial(self._fetched, ticket))

    def _fetched(self, ticket: Ticket[Held]) -> None:
        """Start another event of the host: what is stored now burdens it no more."""
        now = _now()
        self.scheduler.fetched(ticket, now)
        self._start(now)

    def _ended(self, task: "asyncio.Task[Handled]") -> None:
        ticket = self._running.pop(task)
        now = _now()
        self.scheduler.ended(ticket, now)
        self._close(ticket.item, task, ticket)
        self._start(now)

    def _defer_surplus(self, now: float) -> None:
        """Defer the youngest events of sources that make others wait: by being slow, held back, or by filling the read-ahead."""
        for topic, share in self._shares.items():
            if self._is_paused(topic):
                continue  # a deferred event would come back in another lane
            shares = (share, Share.REPUBLISHED) if share is Share.BULK else (share,)
            for of_share, source, count in self.scheduler.surplus(shares, now, self._windows.crowd(topic)):
                if not self._defer(of_share, source, count, now):
                    return

    def _defer(self, share: Share, source: Source, count: int, now: float) -> bool:
        """Defer so many events of the source; return whether more may be deferred at once."""
        for _ in range(min(count, _DEFER_AT_ONCE - len(self._aside))):
            ticket = self.scheduler.take_youngest(share, source)
            if ticket is None:
                break
            ticket.item.start(now)
            task = asyncio.create_task(self._defer_one(ticket.item, timedelta(seconds=self.scheduler.defer(source, now))), name="defer")
            self._aside[task] = ticket.item
            task.add_done_callback(self._was_deferred)
        return len(self._aside) < _DEFER_AT_ONCE

    async def _defer_one(self, held: Held, delay: timedelta) -> Handled:
        return await self._handler.execute(held.work, defer_by=delay)

    def _was_deferred(self, task: "asyncio.Task[Handled]") -> None:
        self._close(self._aside.pop(task), task)
        if not self._aside and self._may_start():  # a crowded read-ahead is worked off without waiting for the next pass
            self._defer_surplus(_now())

    def _is_slow(self, held: Held, now: float) -> bool:
        """Return whether the event is slow by itself (it runs, or its source is full), not just waiting for a free slot."""
        return held.state is State.RUNNING or (held.state is State.QUEUED and self.scheduler.pace.bounds.is_full(held.work.source, now))

    async def _ack_early(self, held: Held) -> None:
        """Acknowledge early an event whose row is now scheduled: if this worker dies, the row is published again.

        An event whose state changed meanwhile keeps its message: a returned one is queued like any other.
        """
        state = held.state
        if await self._handler.ack_early(held.work) and held.state is state:
            self.progress_count += 1
            self._windows.release(held, State.COVERED)

    def _close(self, held: Held, task: "asyncio.Task[Handled]", ticket: Ticket[Held] | None = None) -> None:
        """Do with the event what the end of its task asks for."""
        self.progress_count += 1
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if held.state is State.DROPPED:
            self._control.give_back(held.event.message)
        elif held.state is State.ACKED and task.cancelled():
            log.debug("event cancelled after it was acknowledged early")  # its row brings it back
        elif error is not None:
            self._fail(error)
        elif task.result() is Handled.DONE:
            self._windows.release(held, State.ENDED)
        elif held.state is State.RUNNING:  # returned; one that is covered comes back by its row
            held.state = State.QUEUED
            if ticket is not None:
                self.scheduler.put_back(ticket)
            else:
                self.scheduler.add(self._share(held), held.work.source, held, _now())


def _share_by_topic(share: Share) -> Share:
    """Return the share of the topics that carry the events of this share: repairs travel in those of bulk."""
    return Share.BULK if share is Share.REPUBLISHED else share


def _record(message: Message) -> Record:
    return Record(message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _tell_how_far(tasks: "list[asyncio.Task[Handled]]", ends: float) -> None:
    """Log every second how many of the tasks still run, and how long they may, until none does."""
    running = sum(not task.done() for task in tasks)
    if running:
        log.info("draining", running=running, of=len(tasks), seconds_left=max(0, round(ends - _now())))
        asyncio.get_running_loop().call_later(TELL_SECONDS, _tell_how_far, tasks, ends)
    elif tasks:
        log.info("drained", events=len(tasks))


def _cancel(tasks: "list[asyncio.Task[Handled]]") -> None:
    for task in tasks:
        task.cancel()
