"""What only the web process has, assembled on what every process has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from faust_app.adapters.mariadb.causes import MariaCauses
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.monitoring.readiness import IntakeReadiness
from faust_app.web.admin.pages import AdminPages
from faust_app.web.api.causes import CauseHandlers
from faust_app.web.api.images import ImageHandlers
from faust_app.web.api.intake import IntakeHandlers
from faust_app.web.api.public import PublicAddresses, PublicHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.api.shop_images import ShopImageHandlers
from faust_app.web.auth.tokens import Token
from faust_app.web.pages.health import HealthPages
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.wiring.common import Parts, release_lease
from faust_app.wiring.monitoring import Watches, build_watches
from faust_app.wiring.operators import admin_pages
from faust_app.wiring.republish import republish_control, republish_task


@dataclass(frozen=True, slots=True)
class WebParts:
    """The handlers and pages of the web process, and what its pages show."""

    intake: IntakeHandlers
    images: ImageHandlers
    shop_images: ShopImageHandlers
    public: PublicHandlers
    health: HealthPages
    lag: LagPage
    stalled: StalledPage
    watches: Watches
    republish: RepublishHandlers
    causes: CauseHandlers
    republish_task: LeasedTask[int]
    admin: AdminPages


@asynccontextmanager
async def open_web_parts(parts: Parts, tokens: list[Token]) -> AsyncIterator[WebParts]:
    """Assemble what only the web process needs; nothing ever holds up the process itself. Its lease is released at the end."""
    watches = build_watches(parts, held_here=tuple)
    public = PublicAddresses(parts.settings.public_base_url, parts.settings.web_public_url)
    control = republish_control(parts.settings, parts.database, parts.offsets, parts.author)
    task = republish_task(parts)
    web = WebParts(
        intake=IntakeHandlers(parts.intake),
        images=ImageHandlers(parts.repository, parts.store, parts.source_records, watches.lag.held_by, public),
        shop_images=ShopImageHandlers(MariaImageSearch(parts.database), public),
        public=PublicHandlers(parts.repository, public),
        health=HealthPages(parts.metrics, IntakeReadiness(parts.database).reasons, watches.lag.held_by),
        lag=LagPage(watches.lag, watches.stalled),
        stalled=StalledPage(watches.stalled, images_at=""),
        watches=watches,
        causes=CauseHandlers(CauseDesk(MariaCauses(parts.database), clock=parts.database)),
        republish=RepublishHandlers(control, MariaRepublishRuns(parts.database)),
        republish_task=task,
        admin=admin_pages(parts.settings, parts.database, parts.metrics, tokens),
    )
    try:
        yield web
    finally:
        await release_lease("republish", task.release)
