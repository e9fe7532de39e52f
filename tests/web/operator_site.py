"""The whole web process over fakes, with its pages and log-in, as `web_app` puts it together."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse, DummyCookieJar, web
from aiohttp.test_utils import TestClient

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.messages.topics import Topics
from faust_app.core.monitoring.timeline import Happened, Happening
from faust_app.core.monitoring.workers import ListedWorker
from faust_app.core.operators.access import Account, Role
from faust_app.core.operators.rate_limit import Rate
from faust_app.core.operators.remote import parse_proxies
from faust_app.core.selfcheck.finding import Finding
from faust_app.core.sources.addresses import NOTHING_OPENED
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.controls.lane_desk import LaneDesk
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.images.find import Find
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.flows.images.rejections import RejectionBuffer
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.operators.log_in import Device, LoggedIn, LogIn
from faust_app.flows.ports.operators import PasswordHasher
from faust_app.flows.reports.enter import ReportAccess
from faust_app.flows.reports.mend import Mend
from faust_app.flows.reports.test_fetch import AskTestFetch
from faust_app.flows.republish.control import FetchRules, RepublishControl
from faust_app.flows.results.changes import ChangeFeed
from faust_app.metrics import Metrics
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.alerts import AlertsPage
from faust_app.web.admin.operate.causes import CausePages
from faust_app.web.admin.operate.lanes import LanesPage
from faust_app.web.admin.operate.republish import RepublishPages
from faust_app.web.admin.operate.republish_images import RunImagePages
from faust_app.web.admin.operate.republish_run import RunPages
from faust_app.web.admin.operate.statistics import StatisticsPage
from faust_app.web.admin.operate.status import StatusPage
from faust_app.web.admin.pages import AdminPages, Page
from faust_app.web.admin.shops.controls import ShopControlPages
from faust_app.web.admin.shops.images import ImagePages
from faust_app.web.admin.shops.imports import ImportPages
from faust_app.web.admin.shops.records import RecordsPage
from faust_app.web.admin.shops.search import SearchPage
from faust_app.web.admin.shops.shops import ShopPages
from faust_app.web.admin.static import StaticFiles
from faust_app.web.api.alerts import AlertHandlers
from faust_app.web.api.causes import CauseHandlers
from faust_app.web.api.changes import ChangesHandlers
from faust_app.web.api.images import ImageHandlers
from faust_app.web.api.imports import ImportHandlers
from faust_app.web.api.intake import IntakeHandlers
from faust_app.web.api.lanes import LaneHandlers
from faust_app.web.api.mend import MendHandlers
from faust_app.web.api.operating import OperatingHandlers
from faust_app.web.api.public import PublicAddresses, PublicHandlers
from faust_app.web.api.report_access import ReportAccessHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.api.search import SearchHandlers
from faust_app.web.api.shop_controls import ShopControlHandlers
from faust_app.web.api.shop_images import ShopImageHandlers
from faust_app.web.api.statistics import StatisticsHandlers
from faust_app.web.api.test_fetches import TestFetchHandlers
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.docs.pages import DocsPages
from faust_app.web.pages.fairness import FairnessPage
from faust_app.web.pages.health import HealthPages
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.web.protection import protect
from faust_app.web.reports.enter import EnterPages
from faust_app.web.reports.frame import ReportFrame
from faust_app.web.reports.let_us_in import LetUsInPage
from faust_app.web.reports.mend.lists import MendLists
from faust_app.web.reports.mend.overview import MendPage
from faust_app.web.reports.mend.picture import PicturePage
from faust_app.web.reports.mend.test_address import TestAddressPage
from faust_app.web.server import web_options
from faust_app.wiring.controls import topics_of_lanes
from faust_app.wiring.reports import ReportPages, report_pages
from tests.factories import LEASE, NOW
from tests.fakes.alerts import FakeAlertStore, FakeRecoveries, FakeTakenAlerts
from tests.fakes.causes import FakeCauses, FakeSuspicions
from tests.fakes.clock import FakeClock
from tests.fakes.collector import FakeImageFolders
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.controls import FakeControls, FakeShopControls
from tests.fakes.event_log import FakeEventLog
from tests.fakes.feed import FakeFeed
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.image_search import FakeImageSearch
from tests.fakes.imports import FakeImportRuns, FakeRejections
from tests.fakes.lane_choice import all_bulk
from tests.fakes.monitoring import FakePicturelessProducts, FakeSamples, FakeTimeline, FakeWorkerList
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.operators import FakeAccounts, FakeAuditLog, FakeHasher, FakeLogInFailures, FakeOperators, FakeSessions
from tests.fakes.reports import FakeMendRows, FakeReportSessions, FakeTestFetches
from tests.fakes.republish import FakeRepublish
from tests.fakes.source_records import FakeSourceRecords
from tests.fakes.statistics import FakeLedger, FakeReports, FakeSlowSources
from tests.fakes.statistics_store import FakeStatistics, fake_statistics
from tests.flows.monitoring.monitoring_harness import WatchHarness
from tests.flows.worker_harness import WorkerHarness
from tests.web.conftest import SiteServer
from tests.web.declared import as_declared

PASSWORD = "correct horse battery"
REPORT_SECRET = "report-secret-of-at-least-32-bytes"
ALL = frozenset({"intake", "view", "operate", "admin"})
TOKENS = [
    Token("machine", "all-secret", frozenset({"intake", "view", "operate"})),
    Token("limited", "shop-secret", frozenset({"intake", "view", "operate"}), frozenset({8})),
    Token("viewer", "view-secret", frozenset({"view"})),
]
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass
class Visits:
    """How the people of shops come in, and what they test."""

    access: ReportAccess
    entrance: Entrance
    tests: FakeTestFetches
    origins: tuple[str, ...]


PUBLIC = PublicAddresses("https://cdn.test", "https://images.test")


class Untouched:
    """Stands for what a request must not reach: any call is an error."""

    def __getattr__(self, name: str) -> Any:
        def reached(*_: object, **__: object) -> None:
            raise AssertionError(f"{name} was reached")

        return reached


@dataclass
class OperatorSite:
    client: TestClient[web.Request, web.Application]
    store: FakeOperators
    hasher: PasswordHasher
    log_in: LogIn
    rows: FakeImageRepository
    watch: WatchHarness
    samples: FakeSamples
    timeline: FakeTimeline
    cookie: str
    registered: set[str]
    statistics: FakeStatistics
    access: ReportAccess
    visit_cookie: str
    tests: FakeTestFetches
    controls: FakeControls
    shop_controls: FakeShopControls
    results: FakeFeed
    feed: ChangeFeed

    async def session(self, name: str, role: Role = Role.ADMIN, shops: frozenset[int] | None = None) -> dict[str, str]:
        """Return the headers of a browser in which this person is logged in."""
        if name not in self.store.accounts:
            hashed = await self.hasher.hash(PASSWORD)
            self.store.accounts[name] = Account(name, role, shops, self.store.now_is, password_hash=hashed)
        entered = await self.log_in.with_password(name, PASSWORD, Device("203.0.113.7", "Firefox"))
        assert isinstance(entered, LoggedIn)
        return {"Cookie": f"{self.cookie}={entered.token}", **BROWSER}

    async def get(self, path: str, headers: dict[str, str], status: int = 200) -> str:
        answer = await self.ask("GET", path, headers)
        text = await answer.text()
        assert answer.status == status, text
        return text

    async def post(self, path: str, headers: dict[str, str], **form: str) -> ClientResponse:
        return await self.client.request("POST", path, headers=headers, data=form, allow_redirects=False)

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> ClientResponse:
        return await self.client.request(method, path, headers=headers, allow_redirects=False)


def handlers_of(
    store: FakeOperators,
    rows: FakeImageRepository,
    watch: WatchHarness,
    admin: AdminPages,
    metrics: Metrics,
    *,
    runs: Any,
    samples: FakeSamples,
    timeline: FakeTimeline,
    statistics: FakeStatistics,
    visits: Visits,
    reports: ReportPages,
    desk: LaneDesk,
    shops: ShopDesk,
    pause_of: Callable[[int], ShopControl | None],
    feed: ChangeFeed,
) -> dict[str, Any]:
    """Return what `WebApp` registers, by the names of `WebParts`; the control of republish is not reached."""
    publisher = Publisher(FakeEventLog(), rows, Topics.named("p."), metrics, all_bulk(metrics))
    untouched, rejections = cast("RepublishControl", Untouched()), FakeRejections(lambda: NOW)
    refused = RejectionBuffer(rejections, metrics)
    limits = RateLimits(Rate(1e6, 1e6), metrics, seconds=lambda: 0.0)
    return {
        "intake": IntakeHandlers(
            Intake(rows, publisher, metrics, clock=rows, lease=LEASE), refused, limits, pause_of=pause_of, now=lambda: NOW
        ),
        "operating": OperatingHandlers(
            search=FakeImageSearch(rows),
            workers=FakeWorkerList(ListedWorker("w1", "r1", NOW, NOW, None, 3)),
            samples=samples,
            timeline=timeline,
            audit=FakeAuditLog(store),
            rejections=rejections,
            clock=store,
        ),
        "search": SearchHandlers(Find(FakeImageSearch(rows), FakeImageFolders(rows)), FakePicturelessProducts(rows), PUBLIC),
        "imports": ImportHandlers(FakeImportRuns(rejections, lambda: NOW), rejections, rows, CatalogueFile, time_left_of(rows)),
        "images": ImageHandlers(rows, FakeObjectStore(), FakeSourceRecords(), lambda _: [], PUBLIC, suspicions=FakeSuspicions()),
        "shop_images": ShopImageHandlers(FakeImageSearch(rows), PUBLIC),
        "public": PublicHandlers(rows, PUBLIC),
        "changes": ChangesHandlers(feed, "https://cdn.test"),
        "causes": CauseHandlers(CauseDesk(FakeCauses(rows), FakeSuspicions(), clock=rows)),
        "alerts": AlertHandlers(alert_desk()),
        "lane_handlers": LaneHandlers(desk),
        "shop_controls": ShopControlHandlers(shops),
        "republish": RepublishHandlers(untouched, runs),
        "statistics": StatisticsHandlers(statistics.desk),
        "health": HealthPages(metrics, nothing),
        "lag": LagPage(watch.lag, watch.stalled, admin.frame),
        "stalled": StalledPage(watch.stalled, pauses=lambda _: [], images_at="", pages=admin.frame),
        "fairness": FairnessPage(watch.fairness, watch.lag.held_by, admin_at="", pages=admin.frame),
        "admin": admin,
        "reports": reports,
        "report_access": ReportAccessHandlers(visits.access, "https://images.test"),
        "mend": MendHandlers(mend_of(rows, FakeImportRuns(rejections, lambda: NOW)), PUBLIC),
        "test_fetches": TestFetchHandlers(AskTestFetch(visits.tests, clock=store), clock=store),
    }


def mend_of(rows: FakeImageRepository, imports: FakeImportRuns) -> Mend:
    """Return what a shop sees of its failed images; what it has tried again is begun by nobody."""
    republish, causes = FakeRepublish(rows), FakeCauses(rows)
    offsets, rules = FakeConsumerOffsets(FakeEventLog(), []), FetchRules(NOTHING_OPENED, frozenset({80, 443}), 1000)
    return Mend(
        FakeMendRows(rows), rows, imports=imports, sources=FakeSourceRecords(), suspicions=causes.suspicions,
        control=RepublishControl(republish, republish, offsets, rules, clock=rows), clock=rows,
    )  # fmt: skip


def shop_pages_of(frame: ReportFrame, rows: FakeImageRepository, visits: Visits, clock: FakeOperators) -> tuple[Page, ...]:
    mend = mend_of(rows, FakeImportRuns(FakeRejections(lambda: NOW), lambda: NOW))
    entering = EnterPages(frame, visits.access, visits.entrance, embeds=bool(visits.origins))
    letting = LetUsInPage(
        frame, agent="shop-images/1 (+https://us.test)", addresses=["192.0.2.7", "198.51.100.0/24"], contact="https://us.test"
    )
    testing = TestAddressPage(frame, AskTestFetch(visits.tests, clock=clock), clock=clock, wait_seconds=0)
    return (entering, MendPage(frame, mend), MendLists(frame, mend), PicturePage(frame, mend), testing, letting)


def reports_of(rows: FakeImageRepository, static: StaticFiles, visits: Visits, store: FakeOperators) -> ReportPages:
    """Return the pages of shops: their figures, and what they can mend."""
    figures = report_pages(
        FakeReports(),
        FakeLedger(),
        FakeImageSearch(rows),
        static,
        FakeSlowSources(),
        standing=mend_of(rows, FakeImportRuns(FakeRejections(lambda: NOW), lambda: NOW)).overview,
        clock=store,
        zone=ZoneInfo("Europe/Berlin"),
        close_day=3,
        ancestors=visits.origins,
        now=lambda: store.now_is,
    )
    return ReportPages(figures.frame, (*figures.pages, *shop_pages_of(figures.frame, rows, visits, store)))


def installation_pages(
    frame: Frame, watch: WatchHarness, desk: LaneDesk, shops: ShopDesk, statistics: FakeStatistics, findings: Sequence[Finding]
) -> tuple[Page, ...]:
    """Return pages about the installation; its check of itself finds `findings`."""

    async def found() -> Sequence[Finding]:
        return findings

    lanes = LanesPage(frame, desk, shops, watch.lag, topics_of_lanes(Topics.named("p.")))
    return (lanes, StatisticsPage(frame, statistics.desk), StatusPage(frame, found))


def time_left_of(rows: FakeImageRepository) -> TimeLeft:
    return TimeLeft(FakeImageSearch(rows), lambda: None, clock=rows)


def alert_desk() -> AlertDesk:
    alerts = FakeAlertStore()
    return AlertDesk(alerts, FakeTakenAlerts(alerts), FakeRecoveries(alerts), clock=FakeClock(lambda: NOW))


def pages_of(frame: Frame, rows: FakeImageRepository, runs: Any, shops: ShopDesk) -> tuple[Page, ...]:
    """Return the pages about images, but for the overview; the control of republish is not reached."""
    untouched, search = cast("RepublishControl", Untouched()), FakeImageSearch(rows)
    rejections = FakeRejections(lambda: NOW)
    imports = FakeImportRuns(rejections, lambda: NOW)
    return (
        CausePages(frame, CauseDesk(FakeCauses(rows), FakeSuspicions(), clock=rows)),
        RepublishPages(frame, untouched, runs),
        RunPages(frame, untouched),
        RunImagePages(frame, runs),
        ShopPages(frame, search, imports, rejections, desk=shops, suspicions=FakeSuspicions(), clock=rows),
        ShopControlPages(frame, shops),
        ImagePages(frame, rows, FakeObjectStore(), untouched, lambda _: (), suspicions=FakeSuspicions(), dead_letters="p.dead-letter"),
        ImportPages(frame, imports, rejections, rows, CatalogueFile, time_left=time_left_of(rows), clock=rows),
        RecordsPage(frame, rejections),
        DocsPages(frame, "1", Topics.named("p.")),
        SearchPage(frame, Find(search, FakeImageFolders(rows))),
        AlertsPage(frame, alert_desk()),
    )


async def nothing() -> list[str]:
    return []


@asynccontextmanager
async def open_site(
    *,
    public_url: str | None = None,
    proxies: str = "",
    hasher: PasswordHasher | None = None,
    runs: object = None,
    report_secret: str | None = REPORT_SECRET,
    embed_origins: tuple[str, ...] = (),
    findings: Sequence[Finding] = (),
) -> AsyncIterator[OperatorSite]:
    store, metrics, rows = FakeOperators(), Metrics(), FakeImageRepository()
    used: PasswordHasher = hasher or FakeHasher()
    accounts, sessions = FakeAccounts(store), FakeSessions(store)
    statistics = fake_statistics(lambda: store.now_is, ZoneInfo("Europe/Berlin"))
    watch, controls = WatchHarness(WorkerHarness()), FakeControls()
    desk, shop_controls = LaneDesk(controls, clock=store), FakeShopControls(store.now)
    shops = ShopDesk(shop_controls, clock=store)
    log_in = LogIn(accounts, sessions, FakeLogInFailures(store), used, metrics, clock=store)
    entrance = Entrance(public_url, parse_proxies(proxies))
    access = ReportAccess(FakeReportSessions(store), report_secret, clock=store)
    visits = Visits(access, entrance, FakeTestFetches(lambda: store.now_is), embed_origins)
    admin = AdminPages(
        log_in=log_in,
        accounts=accounts,
        sessions=sessions,
        audit=FakeAuditLog(store),
        entrance=entrance,
        authentication=Authentication(TOKENS, log_in.identify, entrance, identify_visit=access.identify),
        zone=ZoneInfo("Europe/Berlin"),
        clock=store,
        now=lambda: store.now_is,
        operate=lambda frame: (
            *pages_of(frame, rows, runs or Untouched(), shops),
            *installation_pages(frame, watch, desk, shops, statistics, findings),
        ),
    )
    application = web.Application(**web_options())
    results = FakeFeed()
    feed = ChangeFeed(results, metrics, most_readers=3, seconds=time.monotonic)
    samples, timeline = FakeSamples(), FakeTimeline(Happening(NOW, Happened.JOB, "limits finished"))
    reports = reports_of(rows, admin.static, visits, store)
    registered = handlers_of(
        store, rows, watch, admin, metrics, runs=runs or Untouched(), samples=samples, timeline=timeline, statistics=statistics,
        visits=visits, reports=reports, desk=desk, shops=shops, pause_of=lambda shop: shop_controls.kept.get((shop, ControlKind.PAUSE)),
        feed=feed,
    )  # fmt: skip
    for handlers in registered.values():
        handlers.register(application.router)
    protect(application, admin, reports.frame)
    application.middlewares.append(as_declared)
    async with TestClient(SiteServer(application, metrics), cookie_jar=DummyCookieJar()) as client:
        yield OperatorSite(
            client, store, used, log_in, rows, watch, samples, timeline, entrance.cookie, set(registered), statistics, access,
            entrance.visit_cookie, visits.tests, controls, shop_controls, results, feed,
        )  # fmt: skip
    await watch.worker.breakers.stop()
