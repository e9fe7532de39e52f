"""What only the web process has, assembled on what every process has."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.audit import MariaAuditLog
from faust_app.adapters.mariadb.causes import MariaCauses
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_queries import MariaImageFolders
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.pictureless_products import MariaPicturelessProducts
from faust_app.adapters.mariadb.recoveries import MariaRecoveries
from faust_app.adapters.mariadb.rejections import MariaRejections
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.adapters.mariadb.slow_sources import MariaSlowSources
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.taken_alerts import MariaTakenAlerts
from faust_app.adapters.mariadb.timeline import MariaTimeline
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.core.imports.catalogue import Format
from faust_app.core.operators.rate_limit import Rate
from faust_app.core.reports.embed import parse_origins
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.images.find import Find
from faust_app.flows.images.rejections import RejectionBuffer
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.monitoring.readiness import IntakeReadiness
from faust_app.flows.ports.imports import Catalogue
from faust_app.flows.ports.statistics import ReportCache, StatisticsStore
from faust_app.flows.republish.control import RepublishControl
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.alerts import AlertsPage
from faust_app.web.admin.operate.causes import CausePages
from faust_app.web.admin.operate.overview import OverviewPage
from faust_app.web.admin.operate.republish import RepublishPages
from faust_app.web.admin.operate.republish_images import RunImagePages
from faust_app.web.admin.operate.republish_run import RunPages
from faust_app.web.admin.operate.statistics import StatisticsPage
from faust_app.web.admin.operate.timeline import TimelinePage
from faust_app.web.admin.pages import AdminPages, Page
from faust_app.web.admin.shops.images import ImagePages
from faust_app.web.admin.shops.imports import ImportPages
from faust_app.web.admin.shops.products import ProductsPage
from faust_app.web.admin.shops.records import RecordsPage
from faust_app.web.admin.shops.search import SearchPage
from faust_app.web.admin.shops.shops import ShopPages
from faust_app.web.api.alerts import AlertHandlers
from faust_app.web.api.causes import CauseHandlers
from faust_app.web.api.images import ImageHandlers
from faust_app.web.api.imports import ImportHandlers
from faust_app.web.api.intake import IntakeHandlers
from faust_app.web.api.mend import MendHandlers
from faust_app.web.api.operating import OperatingHandlers
from faust_app.web.api.public import PublicAddresses, PublicHandlers
from faust_app.web.api.report_access import ReportAccessHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.api.search import SearchHandlers
from faust_app.web.api.shop_images import ShopImageHandlers
from faust_app.web.api.statistics import StatisticsHandlers
from faust_app.web.api.test_fetches import TestFetchHandlers
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.tokens import Token
from faust_app.web.docs.pages import DocsPages
from faust_app.web.pages.health import HealthPages
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.wiring.common import Parts, release_lease
from faust_app.wiring.monitoring import Watches, build_watches
from faust_app.wiring.operators import admin_pages, web_address
from faust_app.wiring.reports import ReportPages, report_pages
from faust_app.wiring.republish import republish_control, republish_task
from faust_app.wiring.shops import ask_test_fetch, mend_flow, report_access, shop_pages
from faust_app.wiring.statistics import ledger_lists, open_cache, open_store, read_reports, statistics_desk


@dataclass(frozen=True, slots=True)
class WebParts:
    """The handlers and pages of the web process, and what its pages show."""

    intake: IntakeHandlers
    imports: ImportHandlers
    operating: OperatingHandlers
    search: SearchHandlers
    refused: RejectionBuffer
    images: ImageHandlers
    shop_images: ShopImageHandlers
    public: PublicHandlers
    health: HealthPages
    lag: LagPage
    stalled: StalledPage
    watches: Watches
    republish: RepublishHandlers
    causes: CauseHandlers
    alerts: AlertHandlers
    statistics: StatisticsHandlers
    republish_task: LeasedTask[int]
    report_access: ReportAccessHandlers
    mend: MendHandlers
    test_fetches: TestFetchHandlers
    reports: ReportPages
    admin: AdminPages


@asynccontextmanager
async def open_web_parts(parts: Parts, tokens: list[Token]) -> AsyncIterator[WebParts]:
    """Assemble what only the web process needs; nothing ever holds up the process itself. Its lease is released at the end."""
    async with open_store(parts.settings, parts.database, for_reports=True) as store, open_cache(parts.settings) as cache:
        web = _web_parts(parts, tokens, store, cache)
        try:
            yield web
        finally:
            await release_lease("republish", web.republish_task.release)


def _web_parts(parts: Parts, tokens: list[Token], store: StatisticsStore, cache: ReportCache | None) -> WebParts:
    watches = build_watches(parts, held_here=tuple)
    control = republish_control(parts.settings, parts.database, parts.offsets, parts.author)
    public = PublicAddresses(parts.settings.public_base_url, parts.settings.web_public_url)
    rate = Rate(parts.settings.token_rate, parts.settings.token_burst)
    limits = RateLimits(rate, parts.metrics, seconds=time.monotonic)
    access, mend = report_access(parts.settings, parts.database), mend_flow(parts, control)
    tests = ask_test_fetch(parts.database)
    statistics = statistics_desk(parts.settings, parts.database, store)
    admin = admin_pages(
        parts.settings, parts.database, parts.metrics, tokens, limits=limits, reports=access,
        operate=lambda frame: (*_operate(parts, watches, control, frame), StatisticsPage(frame, statistics)),
    )  # fmt: skip
    reports = read_reports(parts.settings, parts.database, store, cache)
    figures = report_pages(
        reports,
        ledger_lists(parts.settings, parts.database, reports),
        MariaImageSearch(parts.database),
        admin.static,
        MariaSlowSources(parts.database),
        clock=parts.database,
        zone=parts.settings.zone,
        close_day=parts.settings.statistics_close_day,
        ancestors=parse_origins(parts.settings.report_embed_origins or ""),
    )
    of_shops = shop_pages(parts.settings, figures.frame, access, mend, tests, clock=parts.database)
    task = republish_task(parts)
    refused = RejectionBuffer(MariaRejections(parts.database), parts.metrics)
    return WebParts(
        intake=IntakeHandlers(parts.intake, refused, limits),
        imports=ImportHandlers(MariaImportRuns(parts.database), MariaRejections(parts.database), parts.repository, _catalogue_of),
        refused=refused,
        operating=OperatingHandlers(
            search=MariaImageSearch(parts.database),
            workers=MariaWorkerList(parts.database),
            samples=MariaSamples(parts.database),
            timeline=MariaTimeline(parts.database),
            audit=MariaAuditLog(parts.database),
            rejections=MariaRejections(parts.database),
            clock=parts.database,
        ),
        search=SearchHandlers(_find(parts.database), MariaPicturelessProducts(parts.database), public),
        images=ImageHandlers(
            parts.repository, parts.store, parts.source_records, watches.lag.held_by, public, suspicions=MariaSuspicions(parts.database)
        ),
        shop_images=ShopImageHandlers(MariaImageSearch(parts.database), public),
        public=PublicHandlers(parts.repository, public),
        health=HealthPages(parts.metrics, IntakeReadiness(parts.database).reasons, watches.lag.held_by),
        lag=LagPage(watches.lag, watches.stalled, admin.frame),
        stalled=StalledPage(watches.stalled, images_at="", pages=admin.frame),
        watches=watches,
        causes=CauseHandlers(_cause_desk(parts.database)),
        alerts=AlertHandlers(_alert_desk(parts.database)),
        republish=RepublishHandlers(control, MariaRepublishRuns(parts.database)),
        statistics=StatisticsHandlers(statistics),
        republish_task=task,
        report_access=ReportAccessHandlers(access, web_address(parts.settings)),
        mend=MendHandlers(mend, public),
        test_fetches=TestFetchHandlers(tests, clock=parts.database),
        admin=admin,
        reports=ReportPages(figures.frame, (*figures.pages, *of_shops)),
    )


def _find(database: Database) -> Find:
    return Find(MariaImageSearch(database), MariaImageFolders(database))


def _catalogue_of(path: Path, file_format: Format, shop_no: int) -> Catalogue:
    return CatalogueFile(path, file_format, shop_no)


def _operate(parts: Parts, watches: Watches, control: RepublishControl, frame: Frame) -> Sequence[Page]:
    """Return the pages about images."""
    database = parts.database
    search, runs, alerts = MariaImageSearch(database), MariaRepublishRuns(database), MariaAlertRepository(database)
    desk, imports, rejections = _cause_desk(database), MariaImportRuns(database), MariaRejections(database)
    return (
        OverviewPage(
            frame,
            watches.lag,
            watches.stalled,
            alerts=alerts,
            causes=desk,
            runs=runs,
            workers=MariaWorkerList(database),
            samples=MariaSamples(database),
        ),
        ProductsPage(frame, MariaPicturelessProducts(database)),
        TimelinePage(frame, MariaTimeline(database), clock=database),
        CausePages(frame, desk),
        RepublishPages(frame, control, runs),
        RunPages(frame, control),
        RunImagePages(frame, runs),
        ShopPages(frame, search, imports, rejections, suspicions=MariaSuspicions(database), clock=database),
        ImagePages(
            frame,
            parts.repository,
            parts.store,
            control,
            watches.lag.held_by,
            suspicions=MariaSuspicions(database),
            dead_letters=parts.topics.dead_letter.name,
        ),
        ImportPages(frame, imports, rejections, parts.repository, _catalogue_of, clock=database),
        RecordsPage(frame, rejections),
        DocsPages(frame, parts.settings.release),
        SearchPage(frame, _find(database)),
        AlertsPage(frame, _alert_desk(database)),
    )


def _alert_desk(database: Database) -> AlertDesk:
    return AlertDesk(MariaAlertRepository(database), MariaTakenAlerts(database), MariaRecoveries(database), clock=database)


def _cause_desk(database: Database) -> CauseDesk:
    return CauseDesk(MariaCauses(database), MariaSuspicions(database), clock=database)
