"""What only the web process has, assembled on what every process has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from faust_app.adapters.mariadb.audit import MariaAuditLog
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.pictureless_products import MariaPicturelessProducts
from faust_app.adapters.mariadb.rejections import MariaRejections
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.adapters.mariadb.slow_sources import MariaSlowSources
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.timeline import MariaTimeline
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.core.reports.embed import parse_origins
from faust_app.flows.controls.lane_pauses import LanePauses
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.flows.images.rejections import RejectionBuffer
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.monitoring.readiness import IntakeReadiness
from faust_app.flows.ports.statistics import ReportCache, StatisticsStore
from faust_app.flows.results.changes import ChangeFeed
from faust_app.web.admin.pages import AdminPages
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
from faust_app.web.api.public import PublicHandlers
from faust_app.web.api.report_access import ReportAccessHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.api.search import SearchHandlers
from faust_app.web.api.shop_controls import ShopControlHandlers
from faust_app.web.api.shop_images import ShopImageHandlers
from faust_app.web.api.statistics import StatisticsHandlers
from faust_app.web.api.test_fetches import TestFetchHandlers
from faust_app.web.auth.token_book import TokenBook
from faust_app.web.pages.fairness import FairnessPage
from faust_app.web.pages.health import HealthPages
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.wiring.common import Parts, release_lease, utc_now
from faust_app.wiring.monitoring import Watches
from faust_app.wiring.operate import operate_pages
from faust_app.wiring.operators import admin_pages, web_address
from faust_app.wiring.reports import ReportPages, report_pages
from faust_app.wiring.republish import republish_task
from faust_app.wiring.shops import shop_pages
from faust_app.wiring.statistics import ledger_lists, open_cache, open_store, read_reports
from faust_app.wiring.web_flows import WebFlows, catalogue_of, web_flows


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
    changes: ChangesHandlers
    feed: ChangeFeed
    health: HealthPages
    lag: LagPage
    stalled: StalledPage
    fairness: FairnessPage
    watches: Watches
    lanes: LanePauses
    shops: ShopLimitsBook
    lane_handlers: LaneHandlers
    shop_controls: ShopControlHandlers
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
async def open_web_parts(parts: Parts, tokens: TokenBook) -> AsyncIterator[WebParts]:
    """Assemble what only the web process needs; nothing ever holds up the process itself. Its lease is released at the end."""
    async with open_store(parts.settings, parts.database, for_reports=True) as store, open_cache(parts.settings) as cache:
        web = _web_parts(parts, tokens, store, cache)
        await web.shops.start()
        try:
            yield web
        finally:
            await release_lease("republish", web.republish_task.release)


def _web_parts(parts: Parts, tokens: TokenBook, store: StatisticsStore, cache: ReportCache | None) -> WebParts:
    flows, database = web_flows(parts, store), parts.database
    watches, public, search = flows.watches, flows.public, MariaImageSearch(database)
    admin = admin_pages(
        parts.settings, database, parts.metrics, tokens, limits=flows.limits, reports=flows.access,
        operate=lambda frame: operate_pages(parts, flows, frame),
    )  # fmt: skip
    refused, rejections = RejectionBuffer(MariaRejections(database), parts.metrics), MariaRejections(database)
    return WebParts(
        intake=IntakeHandlers(parts.intake, refused, flows.limits, pause_of=flows.shops.pause_of, now=utc_now),
        imports=ImportHandlers(MariaImportRuns(database), rejections, parts.repository, catalogue_of, flows.time_left),
        refused=refused,
        operating=OperatingHandlers(
            search=search,
            workers=MariaWorkerList(database),
            samples=MariaSamples(database),
            timeline=MariaTimeline(database),
            audit=MariaAuditLog(database),
            rejections=rejections,
            clock=database,
        ),
        search=SearchHandlers(flows.find, MariaPicturelessProducts(database), public),
        images=ImageHandlers(
            parts.repository, parts.store, parts.source_records, flows.images_held_by, public, suspicions=MariaSuspicions(database)
        ),
        shop_images=ShopImageHandlers(search, public),
        public=PublicHandlers(parts.repository, public),
        changes=ChangesHandlers(flows.feed, parts.settings.public_base_url),
        feed=flows.feed,
        health=HealthPages(parts.metrics, IntakeReadiness(database).reasons, watches.lag.held_by),
        lag=LagPage(watches.lag, watches.stalled, admin.frame),
        stalled=StalledPage(watches.stalled, pauses=flows.shops.held_by, images_at="", pages=admin.frame),
        fairness=FairnessPage(watches.fairness, watches.lag.held_by, admin_at="", pages=admin.frame),
        watches=watches,
        lanes=flows.lanes,
        shops=flows.shops,
        lane_handlers=LaneHandlers(flows.lane_desk),
        shop_controls=ShopControlHandlers(flows.shop_desk),
        causes=CauseHandlers(flows.causes),
        alerts=AlertHandlers(flows.alerts),
        republish=RepublishHandlers(flows.control, MariaRepublishRuns(database)),
        statistics=StatisticsHandlers(flows.statistics),
        republish_task=republish_task(parts),
        report_access=ReportAccessHandlers(flows.access, web_address(parts.settings)),
        mend=MendHandlers(flows.mend, public),
        test_fetches=TestFetchHandlers(flows.tests, clock=database),
        admin=admin,
        reports=_reports(parts, flows, admin.static, store, cache),
    )


def _reports(parts: Parts, flows: WebFlows, static: StaticFiles, store: StatisticsStore, cache: ReportCache | None) -> ReportPages:
    """Return the pages of shops: their figures, and what they can mend."""
    settings, database = parts.settings, parts.database
    reports = read_reports(settings, database, store, cache)
    figures = report_pages(
        reports,
        ledger_lists(settings, database, reports),
        MariaImageSearch(database),
        static,
        MariaSlowSources(database),
        standing=flows.mend.overview,
        clock=database,
        zone=settings.zone,
        close_day=settings.statistics_close_day,
        ancestors=parse_origins(settings.report_embed_origins or ""),
    )
    of_shops = shop_pages(settings, figures.frame, flows.access, flows.mend, flows.tests, clock=database)
    return ReportPages(figures.frame, (*figures.pages, *of_shops))
