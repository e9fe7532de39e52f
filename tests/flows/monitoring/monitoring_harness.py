"""What looks at lag and at unfinished rows, over fakes and a clock of the test's own."""

from datetime import datetime, timedelta

from faust_app.core.monitoring.lag import LagSample
from faust_app.flows.monitoring.fairness import WatchFairness
from faust_app.flows.monitoring.lag import WatchedGroup, WatchLag
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.metrics import Metrics
from tests.factories import NOW, make_request
from tests.fakes.alerts import FakeAlerts, FakeAlertStore
from tests.fakes.consumer_offsets import FakeConsumerOffsets, FakeStoredOffsets
from tests.fakes.monitoring import FakeWorkerList
from tests.fakes.stalled_rows import FakeStalledRows
from tests.flows.worker_harness import TOPICS, WorkerHarness

BULK = TOPICS.bulk.name
DAY = timedelta(days=1)


class WatchHarness:
    def __init__(self, harness: WorkerHarness) -> None:
        self.worker = harness
        self.metrics = Metrics()
        self.seconds = 0.0
        self.held_here: list[str] = []
        self.sampled: list[LagSample] = []
        self.paused: set[str] = set()
        self.alerts = FakeAlerts()
        self.faults = FakeAlertStore()
        self.offsets = FakeConsumerOffsets(harness.log, [spec.name for spec in TOPICS.images])
        self.requests = FakeConsumerOffsets(harness.log, [TOPICS.requests.name])
        self.stored = FakeStoredOffsets(harness.rows)
        self.lag = WatchLag(
            {"g": WatchedGroup(self.offsets), "g-requests": WatchedGroup(self.requests, stored=self.stored)},
            self.faults,
            self.metrics,
            held_here=lambda: self.held_here,
            sampled=self.sampled.append,
            is_paused=lambda topic: topic in self.paused,
            lagging_after=timedelta(minutes=5),
            now=self.now,
            seconds=lambda: self.seconds,
        )
        self.stalled = WatchStalled(
            FakeStalledRows(harness.rows),
            self.offsets,
            self.alerts,
            self.metrics,
            clock=harness.rows,
            stalled_after=DAY,
            held_by=self.lag.held_by,
            seconds=lambda: self.seconds,
        )

        self.workers = FakeWorkerList()
        self.fairness = WatchFairness(self.workers, now=self.now, seconds=lambda: self.seconds)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    async def publish(self, *image_ids: str, shop_no: int = 7) -> None:
        for image_id in image_ids:
            row = await self.worker.accept_request(make_request(shop_no, image_id))
            await self.worker.publisher.publish([row])

    async def sample(self, *, after: float = 10.0, times: int = 1) -> None:
        for _ in range(times):
            self.seconds += after
            self.worker.rows.advance += timedelta(seconds=after)
            await self.lag.run_pass()
            await self.stalled.run_pass()
            await self.fairness.run_pass()
