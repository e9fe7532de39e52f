"""The pages about images, over fakes, as an operator and a reader of them see them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageState
from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile
from faust_app.core.messages.record import Record
from faust_app.core.messages.rejection import EntryPoint, rejected_record
from faust_app.core.monitoring.samples import Sample
from faust_app.core.monitoring.timeline import Happened, Happening
from faust_app.core.monitoring.workers import ListedWorker
from faust_app.core.sources.addresses import NOTHING_OPENED
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.images.find import Find
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.republish.control import FetchRules, RepublishControl
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.alerts import AlertsPage
from faust_app.web.admin.operate.causes import CausePages
from faust_app.web.admin.operate.overview import OverviewPage
from faust_app.web.admin.operate.republish import RepublishPages
from faust_app.web.admin.operate.republish_images import RunImagePages
from faust_app.web.admin.operate.republish_run import RunPages
from faust_app.web.admin.operate.timeline import TimelinePage
from faust_app.web.admin.shops.images import ImagePages
from faust_app.web.admin.shops.imports import ImportPages
from faust_app.web.admin.shops.products import ProductsPage
from faust_app.web.admin.shops.records import RecordsPage
from faust_app.web.admin.shops.search import SearchPage
from faust_app.web.admin.shops.shops import ShopPages
from faust_app.web.admin.static import StaticFiles
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.server import web_options
from tests.factories import NOW, accepted_row, done_row
from tests.fakes.alerts import FakeAlertStore, FakeRecoveries, FakeTakenAlerts
from tests.fakes.causes import FakeCauses
from tests.fakes.clock import FakeClock
from tests.fakes.collector import FakeImageFolders
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.controls import FakeShopControls
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.image_search import FakeImageSearch
from tests.fakes.imports import FakeImportRuns, FakeRejections
from tests.fakes.monitoring import FakePicturelessProducts, FakeSamples, FakeTimeline, FakeWorkerList
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.republish import FakeRepublish
from tests.fakes.results import FakeResults
from tests.flows.monitoring.monitoring_harness import WatchHarness
from tests.flows.worker_harness import WorkerHarness

SCRIPT = "<script>alert(1)</script>"
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
OPERATE = PAGE | {"Authorization": "Bearer operate-secret"}
VIEW = PAGE | {"Authorization": "Bearer view-secret"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WORKERS = (
    ListedWorker(SCRIPT, SCRIPT, NOW, NOW, None, 12, SCRIPT),
    ListedWorker("w2", "r1", NOW, NOW, SCRIPT),
)
HAPPENED = (
    Happening(NOW, Happened.IMPORT, SCRIPT, SCRIPT, "/admin/shops/7/imports/1"),
    Happening(NOW, Happened.RELEASE, "worker w2 started with release r1"),
)
CAUSE = "/admin/causes/empty@shop.test"


@dataclass
class Desk:
    client: TestClient[web.Request, web.Application]
    rows: FakeImageRepository
    republish: FakeRepublish
    causes: FakeCauses
    alerts: FakeAlertStore
    imports: FakeImportRuns
    rejections: FakeRejections
    store: FakeObjectStore
    watch: WatchHarness
    held_by: dict[int, list[str]]

    async def get(self, path: str, headers: dict[str, str] = OPERATE) -> str:
        answer = await self.client.get(path, headers=headers)
        assert answer.status == 200, (answer.status, await answer.text())
        return await answer.text()

    async def post(self, path: str, form: Mapping[str, str] | None = None, headers: dict[str, str] = OPERATE) -> tuple[int, str]:
        body = urlencode(form or {})
        answer = await self.client.post(path, data=body, headers=headers | FORM, allow_redirects=False)
        return answer.status, answer.headers.get("Location", "") or await answer.text()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    rows, log, clock = FakeImageRepository(), FakeEventLog(), FakeClock(lambda: NOW)
    tokens = [Token("ops", "operate-secret", frozenset({"view", "operate"})), Token("eye", "view-secret", frozenset({"view"}))]
    app = web.Application(**web_options(Authentication(tokens)))
    republish, causes, search = FakeRepublish(rows), FakeCauses(rows), FakeImageSearch(rows)
    control = RepublishControl(
        republish, republish, FakeConsumerOffsets(log, []), FetchRules(NOTHING_OPENED, frozenset({80, 443}), 1000), clock=rows
    )
    watch, samples = WatchHarness(WorkerHarness()), FakeSamples()
    samples.kept = [Sample((await rows.now()) - timedelta(minutes=n), 5, 3.0, 1, 2, 30, 4, 1) for n in (2, 1)]
    alerts, held_by = FakeAlertStore(), defaultdict[int, list[str]](list)
    rejections, store = FakeRejections(lambda: NOW), FakeObjectStore()
    imports = FakeImportRuns(rejections, lambda: NOW)
    frame = Frame(StaticFiles(), ZoneInfo("Europe/Berlin"), lambda: NOW)
    app.middlewares.append(frame.middleware)  # type: ignore[arg-type]
    pages: list[Any] = [
        CausePages(frame, CauseDesk(causes, causes.suspicions, clock=rows)), RepublishPages(frame, control, republish),
        RunPages(frame, control), RunImagePages(frame, republish),
        ShopPages(
            frame, search, imports, rejections, desk=ShopDesk(FakeShopControls(clock.now), clock=clock), suspicions=causes.suspicions,
            clock=clock,
        ),
        SearchPage(frame, Find(search, FakeImageFolders(rows))),
        ImagePages(frame, rows, store, control, held_by.__getitem__, suspicions=causes.suspicions, dead_letters="p.dead-letter"),
        RecordsPage(frame, rejections),
        ImportPages(
            frame, imports, rejections, rows, CatalogueFile, time_left=TimeLeft(search, watch.fairness.total, clock=clock), clock=clock
        ),
        ProductsPage(frame, FakePicturelessProducts(rows)), TimelinePage(frame, FakeTimeline(*HAPPENED), clock=clock),
        OverviewPage(
            frame, watch.lag, watch.stalled, alerts=alerts, causes=CauseDesk(causes, causes.suspicions, clock=rows),
            runs=republish, workers=FakeWorkerList(*WORKERS), samples=samples, results=FakeResults(rows),
        ),
        AlertsPage(frame, AlertDesk(alerts, FakeTakenAlerts(alerts), FakeRecoveries(alerts), clock=clock)),
    ]  # fmt: skip
    for page in pages:
        page.register(app.router)
    for row in (
        done_row(7, b"good", product_id="p1"),
        *(replace(accepted_row(7, name), state=ImageState.FAILED, error_code="empty", error_detail=SCRIPT, fingerprint="empty@shop.test",
                  scheduled_at=None, schedule_reason=None, open_since=None, updated_at=NOW) for name in (b"bad-1", SCRIPT.encode())),
    ):  # fmt: skip
        rows.rows[row.key] = row
    rows.entries.append(HistoryEntry((7, b"bad-1"), NOW, 10, "failed", code="empty", detail=SCRIPT, judged_by="r1", worker="w1"))
    file = ImportedFile(7, SCRIPT, 100, bytes(32), "jsonl")
    run = await imports.begin(file, "ada", "r1")
    await imports.record(run.number, ImportCounts(50, 2, 1, 0, 0, 1), [LineProblem(2, SCRIPT, SCRIPT)])
    record = Record("p.requests", 0, 5, 0, None, b'{"shop_no":7,"image_id":"<script>alert(1)</script>",\x00', SCRIPT)
    await rejections.add([rejected_record(record, SCRIPT, EntryPoint.REQUESTS)])
    async with TestClient(TestServer(app)) as client:
        yield Desk(client, rows, republish, causes, alerts, imports, rejections, store, watch, held_by)
