"""The web process's handlers over fakes, behind the same middlewares, with aiohttp's client."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.core.dispatch.shop_controls import ShopControl
from faust_app.core.messages.topics import Topics
from faust_app.core.operators.rate_limit import Rate
from faust_app.core.sources.addresses import NOTHING_OPENED
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.flows.images.rejections import RejectionBuffer
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.monitoring.fairness import WatchFairness
from faust_app.flows.republish.control import FetchRules, RepublishControl
from faust_app.metrics import Metrics
from faust_app.web.api.alerts import AlertHandlers
from faust_app.web.api.causes import CauseHandlers
from faust_app.web.api.images import ImageHandlers
from faust_app.web.api.imports import ImportHandlers
from faust_app.web.api.intake import IntakeHandlers
from faust_app.web.api.public import PublicAddresses, PublicHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.api.shop_images import ShopImageHandlers
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.protocol import Runner
from faust_app.web.server import web_options
from tests.factories import LEASE, NOW
from tests.fakes.alerts import FakeAlertStore, FakeRecoveries, FakeTakenAlerts
from tests.fakes.causes import FakeCauses
from tests.fakes.clock import FakeClock
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.image_search import FakeImageSearch
from tests.fakes.imports import FakeImportRuns, FakeRejections
from tests.fakes.lane_choice import all_bulk
from tests.fakes.monitoring import FakeWorkerList
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.republish import FakeRepublish
from tests.fakes.source_records import FakeSourceRecords
from tests.web.declared import as_declared

INTAKE = {"Authorization": "Bearer intake-secret"}
VIEW = {"Authorization": "Bearer view-secret"}
OPERATE = {"Authorization": "Bearer operate-secret"}


@dataclass
class Site:
    client: TestClient[web.Request, web.Application]
    rows: FakeImageRepository
    store: FakeObjectStore
    log: FakeEventLog
    metrics: Metrics
    records: FakeSourceRecords
    held_by: list[str]
    republish: FakeRepublish
    causes: FakeCauses
    alerts: FakeAlertStore
    refused: RejectionBuffer
    rejections: FakeRejections
    imports: FakeImportRuns
    seconds: list[float]
    """The clock of the rate limits, and of imports."""
    workers: FakeWorkerList
    fairness: WatchFairness
    paused: dict[int, ShopControl]

    async def raw(self, sent: bytes) -> bytes:
        """Send bytes as they are over a connection of their own, and return everything that is answered until it ends."""
        reader, writer = await asyncio.open_connection(self.client.host, self.client.port)
        writer.write(sent)
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


class SiteServer(TestServer):
    """Serves on the connections that both processes use."""

    def __init__(self, app: web.Application, metrics: Metrics) -> None:
        super().__init__(app)
        self._metrics = metrics

    async def _make_runner(self, **_options: Any) -> Runner:
        return Runner(self.app, self._metrics)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    rows, store, log, metrics = FakeImageRepository(), FakeObjectStore(), FakeEventLog(), Metrics()
    publisher = Publisher(log, rows, Topics.named("p."), metrics, all_bulk(metrics))
    tokens = [Token("shop", "intake-secret", frozenset({"intake", "view"})), Token("eye", "view-secret", frozenset({"view"}))]
    tokens.append(Token("ops", "operate-secret", frozenset({"view", "operate"})))
    rate, seconds = Rate(10, 1500), [0.0]
    limits = RateLimits(rate, metrics, seconds=lambda: seconds[0])
    app = web.Application(**web_options(Authentication(tokens, limits=limits)))
    app.middlewares.append(as_declared)
    rejections = FakeRejections(lambda: NOW)
    refused, imports = RejectionBuffer(rejections, metrics), FakeImportRuns(rejections, lambda: NOW)
    paused: dict[int, ShopControl] = {}
    intake = Intake(rows, publisher, metrics, clock=rows, lease=LEASE)
    IntakeHandlers(intake, refused, limits, pause_of=paused.get, now=lambda: NOW).register(app.router)
    workers = FakeWorkerList()
    fairness = WatchFairness(workers, now=lambda: NOW, seconds=lambda: seconds[0])
    time_left = TimeLeft(FakeImageSearch(rows), fairness.total, clock=FakeClock(lambda: NOW + timedelta(seconds=seconds[0])))
    ImportHandlers(imports, rejections, rows, CatalogueFile, time_left).register(app.router)
    records, held_by, causes = FakeSourceRecords(), list[str](), FakeCauses(rows)
    public = PublicAddresses("https://cdn.test", "https://images.test")
    ImageHandlers(rows, store, records, lambda _: held_by, public, suspicions=causes.suspicions).register(app.router)
    ShopImageHandlers(FakeImageSearch(rows), public).register(app.router)
    PublicHandlers(rows, public).register(app.router)
    republish, offsets = FakeRepublish(rows), FakeConsumerOffsets(log, [])
    rules = FetchRules(NOTHING_OPENED, frozenset({80, 443}), 1000)
    RepublishHandlers(RepublishControl(republish, republish, offsets, rules, clock=rows), republish).register(app.router)
    alerts = FakeAlertStore()
    AlertHandlers(AlertDesk(alerts, FakeTakenAlerts(alerts), FakeRecoveries(alerts), clock=FakeClock(lambda: NOW))).register(app.router)
    CauseHandlers(CauseDesk(causes, causes.suspicions, clock=rows)).register(app.router)
    async with TestClient(SiteServer(app, metrics)) as client:
        yield Site(
            client,
            rows,
            store,
            log,
            metrics,
            records,
            held_by,
            republish,
            causes,
            alerts,
            refused,
            rejections,
            imports,
            seconds,
            workers,
            fairness,
            paused,
        )
