"""An event that is cancelled at a point, as partitions move or the worker stops, over the real database, bucket and Kafka.

What was not acknowledged is delivered again, what no event stands for any more is published when its time comes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from devstack.stack import Stack
from faust_app.core.images.row import ImageKey, ImageRow, ImageState, event_of
from faust_app.flows.images.publish import event_json
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.stream import dispatcher as dispatcher_module
from faust_app.stream import windows
from faust_app.wiring.common import Parts, open_parts
from faust_app.wiring.worker import WorkerParts, open_worker_parts
from tests.factories import make_request
from tests.proofs.crash.points import PUBLISHES, CrashPoint, Trap, lay
from tests.stream.dispatcher_harness import FakeControl, FakeStream

_TIME_PASSES = "UPDATE image SET scheduled_at = UTC_TIMESTAMP(6) WHERE scheduled_at IS NOT NULL AND state = 'IN_PROGRESS'"
HANDS_OVER = {CrashPoint.BEFORE_EARLY_ACK, CrashPoint.AFTER_EARLY_ACK}
ACKS = {CrashPoint.BEFORE_ACK, CrashPoint.AFTER_ACK}
DRAINS = {CrashPoint.BEFORE_DRAIN, CrashPoint.AFTER_DRAIN}


class Harness:
    """A worker's parts over a consumer that delivers what the test says."""

    def __init__(self, parts: Parts, worker: WorkerParts, failures: list[BaseException]) -> None:
        self.parts = parts
        self.worker = worker
        self.dispatcher = worker.dispatcher
        self.stream = FakeStream()
        self.failures = failures
        self.fetching = asyncio.Event()
        self._note_fetches()

    def _note_fetches(self) -> None:
        fetcher: Any = self.worker.fetcher
        fetch = fetcher.fetch

        async def noted(*arguments: Any) -> Any:
            self.fetching.set()
            return await fetch(*arguments)

        fetcher.fetch = noted

    def deliver(self, row: ImageRow) -> None:
        assert row.position is not None
        place = row.position
        message = SimpleNamespace(
            topic=place.topic, partition=place.partition, offset=place.offset, tp=TopicPartition(place.topic, place.partition),
            timestamp=1.5, key=None, value=event_json(event_of(row)),
        )  # fmt: skip
        self.dispatcher.submit(self.stream, SimpleNamespace(message=message))  # type: ignore[arg-type]

    def acked(self, row: ImageRow) -> bool:
        return row.position is not None and (row.position.partition, row.position.offset) in self.stream.acked

    async def row(self, key: ImageKey) -> ImageRow:
        return (await self.parts.repository.load([key]))[key]

    async def due(self) -> None:
        await self.parts.database.change(_TIME_PASSES)
        await self.parts.due.run_pass()

    def cancel(self, point: CrashPoint) -> None:
        """Cancel what is at the point: the publisher's pass, or every event, in the way a drain does."""
        if point in PUBLISHES:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        elif point in DRAINS:
            for running in self.dispatcher._running:
                running.cancel()
        else:
            self.dispatcher.drain()


@pytest.fixture(scope="module")
def crash_settings(install: Callable[..., Settings]) -> Settings:
    return install()


@pytest.fixture
async def harness(crash_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    monkeypatch.setattr(dispatcher_module, "LONG_SECONDS", 0.05)
    monkeypatch.setattr(windows, "_ack", windows._ack)  # a trap is laid there
    settings = crash_settings.model_copy(update={"slots": 8, "read_ahead": 100, "read_ahead_per_partition": 2, "drain_grace": 0.0})
    failures: list[BaseException] = []
    async with (
        open_parts(settings, Metrics(), client_id="t") as parts,
        open_worker_parts(parts, FakeControl(), failures.append, port=1) as worker,
    ):
        await worker.resilience.internal_errors.run_pass()  # a worker starts nothing before it has read its row, and the pauses
        await worker.lanes.read_first()
        yield Harness(parts, worker, failures)


async def until(condition: Callable[[], bool], meanwhile: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await meanwhile()
            await asyncio.sleep(0.02)


async def nothing() -> None:
    """Do nothing meanwhile."""


async def spring(harness: Harness, trap: Trap, row: ImageRow) -> None:
    """Bring the event, or its publisher, to the trap, and wait until what it cancelled has ended."""
    if trap.point in PUBLISHES:
        await asyncio.gather(asyncio.create_task(harness.due()), return_exceptions=True)
    else:
        harness.deliver(row)
        await harness.fetching.wait()
        if trap.point in DRAINS:
            harness.dispatcher.drain()
        await until(lambda: trap.sprung, harness.dispatcher.run_pass if trap.point in HANDS_OVER else nothing)
    await until(lambda: harness.dispatcher.running == 0, nothing)
    await until(lambda: not harness.worker.executor._settler._groups._waiting, nothing)


async def end(harness: Harness, key: ImageKey, before: ImageRow) -> None:
    """Deliver what was not acknowledged, and publish what is due, until the image has its outcome and no event is left."""
    await deliver_again(harness, before)
    async with asyncio.timeout(15):
        while (row := await harness.row(key)).state is ImageState.IN_PROGRESS:
            if row.position is None:
                await harness.due()
            await deliver_again(harness, row)


async def deliver_again(harness: Harness, row: ImageRow) -> None:
    if row.position is not None and not harness.acked(row):
        harness.deliver(row)
        await until(lambda: harness.dispatcher.running == 0 and harness.acked(row), nothing)


@pytest.mark.parametrize("point", CrashPoint)
async def test_an_event_that_is_cancelled_at_a_point_is_ended_by_its_next_delivery(
    harness: Harness, stack: Stack, shop_no: int, point: CrashPoint
) -> None:
    url = f"{stack.image_source.address}/flat/1?bytes=5000&ms={0 if point in PUBLISHES else 300}"
    (decision,) = await harness.parts.intake.accept([make_request(shop_no, "a", source_url=url)], entry_point="http")
    key = decision.row.key
    if point not in PUBLISHES:
        await harness.parts.publisher.publish([decision.row])
    row = await harness.row(key)
    trap = Trap(point, shop_no, "a", lambda: harness.cancel(point))
    lay(trap, harness.parts, harness.worker)

    await spring(harness, trap, row)
    assert trap.sprung
    assert harness.failures == [] or point is CrashPoint.BEFORE_DRAIN
    assert harness.acked(row) is (point in ACKS), "what was cancelled is not acknowledged"
    await end(harness, key, row)

    outcomes = [entry.outcome for entry in await harness.parts.repository.history(key, 20)]
    ended = await harness.row(key)
    assert outcomes == ["stored"]
    assert (ended.attempt, ended.rescues, ended.shown_version) == (0, 0, ended.version)
    assert ended.shown is not None
    assert await harness.parts.store.exists(ended.shown.object_key)
