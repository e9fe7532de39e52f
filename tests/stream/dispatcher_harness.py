"""A dispatcher over a consumer, a stream and a handler that do what the test says."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.shop_controls import UNLIMITED, ShopLimits
from faust_app.core.messages.events import ImageEvent, Op
from faust_app.core.messages.record import Record, Unparseable
from faust_app.flows.images.executor import Event, Handled, nothing
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.windows import Windows

SHARES = {"express": Share.EXPRESS, "bulk": Share.BULK, "retry": Share.RETRY}
EVENT = ImageEvent(op=Op.REGISTER, shop_no=1, image_id="a", version=1, requested_at=datetime(2026, 1, 1, tzinfo=UTC))


class FakeStream:
    def __init__(self) -> None:
        self.acked: list[tuple[int, int]] = []

    async def ack(self, event: Any) -> bool:
        self.acked.append((event.message.partition, event.message.offset))
        return True


class FakeControl:
    def __init__(self) -> None:
        self.flowing = True
        self.paused: set[TP] = set()
        self.given_back: list[int] = []
        self.tps = {TP("bulk", n) for n in range(3)} | {TP("express", n) for n in range(3)}

    def assigned(self) -> Iterable[TP]:
        return self.tps

    def is_flowing(self) -> bool:
        return self.flowing

    def pause(self, tp: TP) -> None:
        assert isinstance(tp, TP), "Faust takes no other type"
        self.paused.add(tp)

    def resume(self, tp: TP) -> None:
        assert isinstance(tp, TP), "Faust takes no other type"
        self.paused.discard(tp)

    def forget_pause(self, tp: TP) -> None:
        self.paused.discard(tp)

    def give_back(self, message: Any) -> None:
        self.given_back.append(message.offset)


class FakeHandler:
    """Deals with events when the test says so; a record's key is the host it is fetched from, after `shop@` where it is not shop 1's."""

    def __init__(self) -> None:
        self.started: dict[tuple[str, int, int], asyncio.Future[Handled]] = {}
        self.deferred_for: dict[int, float] = {}
        self.acked_early: list[int] = []
        self.takes_over = set(range(100))
        self.origin: str | None = None
        self.while_acking_early: Callable[[int], Awaitable[None]] | None = None

    def read(self, record: Record) -> Event:
        shop, at, host = (record.key or b"").decode().rpartition("@")
        asks = Unparseable("a test's") if self.origin is None else replace(EVENT, origin=self.origin)
        return Event(record, asks, (int(shop) if at else 1, host))

    async def execute(self, event: Event, *, defer_by: timedelta | None = None, fetched: Callable[[], None] = nothing) -> Handled:
        if defer_by is not None:
            self.deferred_for[event.record.offset] = defer_by.total_seconds()
            return Handled.DONE
        future: asyncio.Future[Handled] = asyncio.get_running_loop().create_future()
        self.started[event.record.topic, event.record.partition, event.record.offset] = future
        return await future

    async def ack_early(self, event: Event) -> bool:
        self.acked_early.append(event.record.offset)
        if self.while_acking_early is not None:
            await self.while_acking_early(event.record.offset)
        return event.record.offset in self.takes_over


class Harness:
    """A dispatcher whose events end when the test says so."""

    def __init__(self, *, slots: int = 64, ahead: int = 2000, per_partition: int = 400, grace: float = 0.0) -> None:
        self.control, self.stream, self.handler = FakeControl(), FakeStream(), FakeHandler()
        self.slots = slots
        self.limits: dict[int, ShopLimits] = {}
        self.pace = SourcePace(slots, limits=lambda shop: self.limits.get(shop, UNLIMITED))
        self.may_start = True
        self.paused = set[str]()
        self.failures: list[BaseException] = []
        windows = Windows(self.control, ahead=ahead, ahead_per_partition=per_partition)
        self.held = HeldEvents(lambda: windows.held_in_all)
        self.dispatcher = Dispatcher(
            self.handler, windows, self.control, self.held, self.failures.append,
            may_start=lambda: self.may_start, is_paused=self.paused.__contains__,
            scheduler=Scheduler(self.pace), shares=SHARES, slots=lambda: self.slots, grace=grace,
        )  # fmt: skip

    @property
    def started(self) -> dict[tuple[str, int, int], "asyncio.Future[Handled]"]:
        return self.handler.started

    def pace_of(self, host: str, seconds: float) -> None:
        """Record that a fetch from the host took so long."""
        self.pace.fetching((1, host), 0.0)
        self.pace.fetched((1, host), 0.0, seconds)
        self.pace.answered(host)

    def submit(self, offset: int, *, partition: int = 0, topic: str = "bulk", host: str = "") -> None:
        message = SimpleNamespace(
            topic=topic, partition=partition, offset=offset, tp=TopicPartition(topic, partition),
            timestamp=1.5, key=host.encode(), value=b"{}",
        )  # fmt: skip
        self.dispatcher.submit(self.stream, SimpleNamespace(message=message))  # type: ignore[arg-type]

    async def finish(self, offset: int, *, partition: int = 0, topic: str = "bulk", end: Handled = Handled.DONE) -> None:
        await turns()
        self.started[topic, partition, offset].set_result(end)
        await turns()


async def turns() -> None:
    """Run every ready task; each step of the dispatcher takes a known few turns of the loop."""
    for _ in range(5):
        await asyncio.sleep(0)
