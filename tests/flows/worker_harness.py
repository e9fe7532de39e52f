"""A worker's flows over fakes of everything outside."""

from collections.abc import Callable
from datetime import timedelta

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.slot_limit import SlotLimit
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.retry import Backoff
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import ImageRequest, Op
from faust_app.core.messages.record import Record
from faust_app.core.messages.topics import Topics
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.executor import Executor, Handled, Rules
from faust_app.flows.images.intake import Intake, IntakeTerms, decide
from faust_app.flows.images.publish import DuePublisher, Publisher
from faust_app.flows.images.settle import Settler
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.egress import EgressMonitor, EgressProbe
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.metrics import Metrics
from tests.factories import LEASE, SOURCE, event_record, make_request
from tests.fakes.alerts import FakeAlerts
from tests.fakes.clock import FakeClock
from tests.fakes.event_log import FakeEventLog
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.image_check import FakeImageCheck
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.lane_choice import all_bulk
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.source_records import FakeSourceRecords
from tests.fakes.worker_register import FakeWorkerRegister
from tests.pictures import picture

DEAD = "p.dead-letter"
JPEG = picture("jpg")
TOPICS = Topics.named("p.")


class WorkerHarness:
    """Every jitter is 1; the delays are those of production. With `outside` another worker's surroundings are shared."""

    def __init__(
        self,
        *,
        deadline: float = 30.0,
        outside: "WorkerHarness | None" = None,
        probe_url: str | None = None,
        strip: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.rows: FakeImageRepository = outside.rows if outside else FakeImageRepository()
        self.log: FakeEventLog = outside.log if outside else FakeEventLog()
        self.store: FakeObjectStore = outside.store if outside else FakeObjectStore()
        self.fetcher: FakeFetcher = outside.fetcher if outside else FakeFetcher()
        self.metrics = Metrics()
        self.register = FakeWorkerRegister()
        self.fetcher.sources[SOURCE] = Fetched(JPEG, Validators('"e1"'))
        self.publisher = Publisher(self.log, self.rows, TOPICS, self.metrics, all_bulk(self.metrics))
        self.due = DuePublisher(self.rows, self.publisher, lease=LEASE)
        self.intake = Intake(self.rows, self.publisher, self.metrics, clock=self.rows, lease=LEASE)
        self.pace = SourcePace(64)
        self.slots = SlotLimit(64)
        self.records: FakeSourceRecords = outside.records if outside else FakeSourceRecords(self.rows._clock)
        self.alerts = FakeAlerts()
        self.waiting = 7
        self.held = HeldEvents(lambda: self.waiting)
        self.internal_errors = InternalErrorBreaker(self.rows, self.register, self.alerts, self.held, lambda: 1.0)
        egress_probe = EgressProbe(self.pace.egress, self.fetcher, probe_url)
        probes = {
            Dependency.STORAGE: self._probe_storage,
            Dependency.DATABASE: self.rows.now,
            Dependency.KAFKA: self.log.probe,
            Dependency.EGRESS: egress_probe.reach_any,
        }
        self.breakers = Breakers(probes, self.metrics, self.alerts, self.held)
        egress = EgressMonitor(self.pace.egress, egress_probe, self.breakers[Dependency.EGRESS])
        clock = FakeClock(lambda: self.records.now)
        self.sources = Sources(self.rows, self.records, clock=clock, egress=egress, pace=self.pace, alerts=self.alerts, jitter=lambda: 1.0)
        dead_letters = DeadLetters(self.log, self.metrics, topic=DEAD, group="g")
        self.handler = Executor(
            repository=self.rows,
            transfer=Transfer(self.fetcher, FakeImageCheck(), self.store, self.pace, self.metrics, slots=self.slots, strip=strip),
            settler=Settler(self.rows, dead_letters, self.breakers, self.internal_errors, self.metrics, grace=timedelta(days=7)),
            sources=self.sources,
            internal_errors=self.internal_errors,
            breakers=self.breakers,
            metrics=self.metrics,
            rules=Rules(deadline, Backoff(), lambda: 1.0),
        )

    async def execute(self, record: Record) -> Handled:
        return await self.handler.execute(self.handler.read(record))

    async def _probe_storage(self) -> None:
        if self.store.unavailable:
            raise Unavailable(Dependency.STORAGE, "fake")

    async def accept(self, op: Op = Op.REGISTER, **values: object) -> ImageRow:
        return await self.accept_request(make_request(7, "a", op=op, **values))

    async def accept_request(self, request: ImageRequest) -> ImageRow:
        (decision,) = await self.rows.change([request.key], lambda locked: decide([request], locked, IntakeTerms(LEASE)), create=True)
        return decision.row

    async def stored(self) -> ImageRow:
        await self.execute(event_record(await self.accept()))
        return self.row

    @property
    def row(self) -> ImageRow:
        return self.rows.rows[7, b"a"]

    def count(self, end: str) -> float:
        return self.metric("events", end=end)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"shop_images_{name}_total", labels) or 0

    def letters(self) -> list[str]:
        return [dict(letter.headers)["shop-images-code"].decode() for letter in self.log.messages[DEAD]]
