"""The flows behind the web process's handlers and pages, assembled once for both."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.causes import MariaCauses
from faust_app.adapters.mariadb.feed_rows import MariaFeedRows
from faust_app.adapters.mariadb.image_queries import MariaImageFolders
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.adapters.mariadb.recoveries import MariaRecoveries
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.taken_alerts import MariaTakenAlerts
from faust_app.core.imports.catalogue import Format
from faust_app.core.operators.rate_limit import Rate
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.controls.lane_desk import LaneDesk
from faust_app.flows.controls.lane_pauses import LanePauses
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.flows.images.find import Find
from faust_app.flows.imports.time_left import TimeLeft
from faust_app.flows.ports.imports import Catalogue
from faust_app.flows.ports.statistics import StatisticsStore
from faust_app.flows.reports.enter import ReportAccess
from faust_app.flows.reports.mend import Mend
from faust_app.flows.reports.test_fetch import AskTestFetch
from faust_app.flows.republish.control import RepublishControl
from faust_app.flows.results.changes import ChangeFeed
from faust_app.flows.statistics.desk import StatisticsDesk
from faust_app.web.api.public import PublicAddresses
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.wiring.common import Parts
from faust_app.wiring.controls import lane_desk, lane_pauses, shop_desk, shop_limits
from faust_app.wiring.monitoring import Watches, build_watches
from faust_app.wiring.republish import republish_control
from faust_app.wiring.shops import ask_test_fetch, mend_flow, report_access
from faust_app.wiring.statistics import statistics_desk


@dataclass(frozen=True, slots=True)
class WebFlows:
    """What handlers and pages share."""

    watches: Watches
    lanes: LanePauses
    lane_desk: LaneDesk
    shops: ShopLimitsBook
    shop_desk: ShopDesk
    control: RepublishControl
    public: PublicAddresses
    limits: RateLimits
    access: ReportAccess
    mend: Mend
    tests: AskTestFetch
    statistics: StatisticsDesk
    causes: CauseDesk
    alerts: AlertDesk
    find: Find
    time_left: TimeLeft
    feed: ChangeFeed

    def images_held_by(self, shop_no: int) -> Sequence[str]:
        """Return why images of the shop wait, as far as it is known: its pause, then what holds up the installation."""
        return [*self.shops.held_by(shop_no), *self.watches.lag.held_by()]


def web_flows(parts: Parts, store: StatisticsStore) -> WebFlows:
    """Assemble the flows; `store` keeps the daily figures."""
    settings, database = parts.settings, parts.database
    lanes = lane_pauses(parts)
    control = republish_control(settings, database, parts.offsets, parts.author)
    watches = build_watches(parts, held_here=lanes.reasons, is_paused=lanes.is_paused)
    return WebFlows(
        watches=watches,
        lanes=lanes,
        lane_desk=lane_desk(database),
        shops=shop_limits(parts),
        shop_desk=shop_desk(database),
        control=control,
        public=PublicAddresses(settings.public_base_url, settings.web_public_url),
        limits=RateLimits(Rate(settings.token_rate, settings.token_burst), parts.metrics, seconds=time.monotonic),
        access=report_access(settings, database),
        mend=mend_flow(parts, control),
        tests=ask_test_fetch(database),
        statistics=statistics_desk(settings, database, store),
        causes=CauseDesk(MariaCauses(database), MariaSuspicions(database), clock=database),
        alerts=AlertDesk(MariaAlertRepository(database), MariaTakenAlerts(database), MariaRecoveries(database), clock=database),
        find=Find(MariaImageSearch(database), MariaImageFolders(database)),
        time_left=TimeLeft(MariaImageSearch(database), watches.fairness.total, clock=database),
        feed=ChangeFeed(MariaFeedRows(database), parts.metrics, most_readers=settings.feed_readers, seconds=time.monotonic),
    )


def catalogue_of(path: Path, file_format: Format, shop_no: int) -> Catalogue:
    """Return the catalogue in a file that was sent."""
    return CatalogueFile(path, file_format, shop_no)
