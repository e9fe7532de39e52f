"""The operator's pages, in the frame of all others."""

from collections.abc import Sequence

from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.pictureless_products import MariaPicturelessProducts
from faust_app.adapters.mariadb.rejections import MariaRejections
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.adapters.mariadb.result_feed import MariaResults
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.timeline import MariaTimeline
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.alerts import AlertsPage
from faust_app.web.admin.operate.causes import CausePages
from faust_app.web.admin.operate.lanes import LanesPage
from faust_app.web.admin.operate.overview import OverviewPage
from faust_app.web.admin.operate.republish import RepublishPages
from faust_app.web.admin.operate.republish_images import RunImagePages
from faust_app.web.admin.operate.republish_run import RunPages
from faust_app.web.admin.operate.statistics import StatisticsPage
from faust_app.web.admin.operate.status import StatusPage
from faust_app.web.admin.operate.timeline import TimelinePage
from faust_app.web.admin.pages import Page
from faust_app.web.admin.shops.controls import ShopControlPages
from faust_app.web.admin.shops.images import ImagePages
from faust_app.web.admin.shops.imports import ImportPages
from faust_app.web.admin.shops.products import ProductsPage
from faust_app.web.admin.shops.records import RecordsPage
from faust_app.web.admin.shops.search import SearchPage
from faust_app.web.admin.shops.shops import ShopPages
from faust_app.web.docs.pages import DocsPages
from faust_app.wiring.common import Parts
from faust_app.wiring.controls import topics_of_lanes
from faust_app.wiring.selfcheck import selfcheck
from faust_app.wiring.web_flows import WebFlows, catalogue_of


def operate_pages(parts: Parts, flows: WebFlows, frame: Frame) -> Sequence[Page]:
    """Return the pages about images, shops and the installation."""
    return (*_installation(parts, flows, frame), *_images(parts, flows, frame), *_shops(parts, flows, frame))


def _installation(parts: Parts, flows: WebFlows, frame: Frame) -> Sequence[Page]:
    database, watches = parts.database, flows.watches
    return (
        OverviewPage(
            frame,
            watches.lag,
            watches.stalled,
            alerts=MariaAlertRepository(database),
            causes=flows.causes,
            runs=MariaRepublishRuns(database),
            workers=MariaWorkerList(database),
            samples=MariaSamples(database),
            results=MariaResults(database),
        ),
        TimelinePage(frame, MariaTimeline(database), clock=database),
        CausePages(frame, flows.causes),
        AlertsPage(frame, flows.alerts),
        LanesPage(frame, flows.lane_desk, flows.shop_desk, watches.lag, topics_of_lanes(parts.topics)),
        StatisticsPage(frame, flows.statistics),
        StatusPage(frame, lambda: selfcheck(parts.settings)),
        DocsPages(frame, parts.settings.release, parts.topics),
    )


def _images(parts: Parts, flows: WebFlows, frame: Frame) -> Sequence[Page]:
    runs = MariaRepublishRuns(parts.database)
    return (
        RepublishPages(frame, flows.control, runs),
        RunPages(frame, flows.control),
        RunImagePages(frame, runs),
        ImagePages(
            frame,
            parts.repository,
            parts.store,
            flows.control,
            flows.images_held_by,
            suspicions=MariaSuspicions(parts.database),
            dead_letters=parts.topics.dead_letter.name,
        ),
        SearchPage(frame, flows.find),
    )


def _shops(parts: Parts, flows: WebFlows, frame: Frame) -> Sequence[Page]:
    database = parts.database
    search, imports, rejections = MariaImageSearch(database), MariaImportRuns(database), MariaRejections(database)
    return (
        ShopPages(frame, search, imports, rejections, desk=flows.shop_desk, suspicions=MariaSuspicions(database), clock=database),
        ShopControlPages(frame, flows.shop_desk),
        ProductsPage(frame, MariaPicturelessProducts(database)),
        ImportPages(frame, imports, rejections, parts.repository, catalogue_of, time_left=flows.time_left, clock=database),
        RecordsPage(frame, rejections),
    )
