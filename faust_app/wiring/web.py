"""What only the web process has, assembled on what every process has."""

from dataclasses import dataclass

from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.monitoring.readiness import IntakeReadiness
from faust_app.web.admin.pages import AdminPages
from faust_app.web.api.images import ImageHandlers
from faust_app.web.api.intake import IntakeHandlers
from faust_app.web.api.republish import RepublishHandlers
from faust_app.web.auth.tokens import Token
from faust_app.web.pages.health import HealthPages
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.wiring.common import Parts
from faust_app.wiring.monitoring import Watches, build_watches
from faust_app.wiring.operators import admin_pages
from faust_app.wiring.republish import republish_control, republish_task


@dataclass(frozen=True, slots=True)
class WebParts:
    """The handlers and pages of the web process, and what its pages show."""

    intake: IntakeHandlers
    images: ImageHandlers
    health: HealthPages
    lag: LagPage
    stalled: StalledPage
    watches: Watches
    republish: RepublishHandlers
    republish_task: LeasedTask[int]
    admin: AdminPages


def build_web_parts(parts: Parts, tokens: list[Token]) -> WebParts:
    """Assemble what only the web process needs; nothing ever holds up the process itself."""
    watches = build_watches(parts, held_here=tuple)
    admin = admin_pages(parts.settings, parts.database, parts.metrics, tokens)
    control = republish_control(parts.settings, parts.database, parts.offsets, parts.author)
    return WebParts(
        intake=IntakeHandlers(parts.intake),
        images=ImageHandlers(parts.repository, parts.store, parts.source_records, watches.lag.held_by),
        health=HealthPages(parts.metrics, IntakeReadiness(parts.database).reasons, watches.lag.held_by),
        lag=LagPage(watches.lag, watches.stalled, admin.frame),
        stalled=StalledPage(watches.stalled, images_at="", pages=admin.frame),
        watches=watches,
        republish=RepublishHandlers(control, MariaRepublishRuns(parts.database)),
        republish_task=republish_task(parts),
        admin=admin,
    )
