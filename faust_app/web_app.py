"""Composition root of the web process: parts and web become the app behind `faust -A faust_app.web_app worker`."""

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - uvloop goes in before anything opens a loop

from faust_app.adapters.mariadb.source_records import MariaSourceRecords  # noqa: E402
from faust_app.metrics import Metrics  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.periodic import Background, Periodic  # noqa: E402
from faust_app.web.api.images import ImageHandlers  # noqa: E402
from faust_app.web.api.intake import IntakeHandlers  # noqa: E402
from faust_app.web.auth.tokens import Authentication, read_tokens  # noqa: E402
from faust_app.web.pages.health import register_health  # noqa: E402
from faust_app.web.pages.lag import LagPage  # noqa: E402
from faust_app.web.pages.unfinished import StalledPage  # noqa: E402
from faust_app.web.pages.watch import register_watch  # noqa: E402
from faust_app.web.server import use_our_runner, web_options  # noqa: E402
from faust_app.wiring.common import Parts, open_parts  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, open_or_exit  # noqa: E402

DUE_SECONDS = 1.0
ALERT_SECONDS = 5.0
FAULT_SECONDS = 3.0
HOLDING_SECONDS = 3.0


class WebApp(faust.App):
    """Serves intake and reading over HTTP, and publishes what is due. Consumes nothing."""

    producer_only = True
    parts: Parts

    def __init__(self, settings: Settings) -> None:
        options = faust_settings(settings, web_port=settings.web_port)
        authentication = Authentication(read_tokens(settings.tokens_file))
        super().__init__(settings.app_id, **options, web_application_options=web_options(authentication))
        self.settings = settings
        self.metrics = Metrics()
        register_health(self, lambda: self.metrics, self._reasons_not_ready, lambda: self.parts.watch_lag.held_by)
        register_watch(
            self,
            lambda: LagPage(self.parts.watch_lag, self.parts.watch_stalled),
            lambda: StalledPage(self.parts.watch_stalled, images_at=""),
        )
        self.metrics.snapshot_age.labels("lag").set_function(lambda: self.parts.watch_lag.age)
        self.metrics.snapshot_age.labels("stalled").set_function(lambda: self.parts.watch_stalled.age)

    async def on_start(self) -> None:
        """Open the adapters before the server listens; they are closed after it stopped."""
        claim_port_or_exit(self, "WEB_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=f"{self.settings.app_id}-web"))
        router = self.web.web_app.router  # type: ignore[attr-defined]
        IntakeHandlers(self.parts.intake).register(router)
        held_by = lambda: self.parts.watch_lag.held_by  # noqa: E731 - asked with every request
        records = MariaSourceRecords(self.parts.database)
        ImageHandlers(self.parts.repository, self.parts.store, records, held_by).register(router)
        use_our_runner(self, self.metrics)
        await super().on_start()

    async def on_started(self) -> None:
        """Start the tasks beside the server."""
        await super().on_started()
        await self.add_runtime_dependency(Background(self.parts.publisher.run))
        await self.add_runtime_dependency(Periodic("due publisher", DUE_SECONDS, self.parts.due.run_pass))
        await self.add_runtime_dependency(Periodic("fault reports", FAULT_SECONDS, self.parts.alerts.run_pass))
        await self.add_runtime_dependency(Periodic("alerts", ALERT_SECONDS, self.parts.send_alerts.run_pass))
        await self.add_runtime_dependency(Periodic("what holds images", HOLDING_SECONDS, self.parts.watch_lag.run_holding))
        await self.add_runtime_dependency(Periodic("lag", self.settings.snapshot_interval, self.parts.watch_lag.run_pass))
        watch = self.parts.watch_stalled
        await self.add_runtime_dependency(Periodic("unfinished images", self.settings.snapshot_interval, watch.run_pass))

    async def _reasons_not_ready(self) -> list[str]:
        return await self.parts.reasons_without_database()


def __getattr__(name: str) -> WebApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WebApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
