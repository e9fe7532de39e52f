"""Composition root of the web process: parts and web become the app behind `faust -A faust_app.web_app worker`."""

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - uvloop goes in before anything opens a loop
from mode import Service  # noqa: E402

from faust_app.metrics import Metrics  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.periodic import Background, Periodic  # noqa: E402
from faust_app.web.auth.tokens import read_tokens  # noqa: E402
from faust_app.web.server import protect, router_of, use_our_runner, web_options, without_pages_of_faust  # noqa: E402
from faust_app.wiring.common import Parts, open_parts, release_lease  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, open_or_exit  # noqa: E402
from faust_app.wiring.web import WebParts, build_web_parts  # noqa: E402

DUE_SECONDS = 1.0
ALERT_SECONDS = 5.0
FAULT_SECONDS = 3.0
HOLDING_SECONDS = 3.0
REPUBLISH_SECONDS = 1.0


class WebApp(faust.App):
    """Serves intake and reading over HTTP, and publishes what is due. Consumes nothing.

    Everything is built in `on_start`, once the adapters are open; Faust starts the web server after it.
    """

    producer_only = True
    parts: Parts
    web_parts: WebParts

    def __init__(self, settings: Settings) -> None:
        options = faust_settings(settings, web_port=settings.web_port)
        self.tokens = read_tokens(settings.tokens_file)
        super().__init__(settings.app_id, **options, web_application_options=web_options())
        without_pages_of_faust(self)
        self.settings = settings
        self.metrics = Metrics()

    async def on_start(self) -> None:
        """Open the adapters before the server listens; they are closed after it stopped."""
        claim_port_or_exit(self, "WEB_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=f"{self.settings.app_id}-web"))
        self.web_parts = web = build_web_parts(self.parts, self.tokens)
        for handlers in (web.intake, web.images, web.republish, web.health, web.lag, web.stalled, web.admin):
            handlers.register(router_of(self))
        protect(self.web.web_app, web.admin)  # type: ignore[attr-defined]
        use_our_runner(self, self.metrics)
        await super().on_start()

    async def on_started(self) -> None:
        """Start the tasks beside the server."""
        await super().on_started()
        for service in self._services():
            await self.add_runtime_dependency(service)

    async def on_stop(self) -> None:
        """Release the lease of the task that web shares with the workers, so that one of them follows at once."""
        if hasattr(self, "web_parts"):  # not where a dependency was unavailable at the start
            await release_lease("republish", self.web_parts.republish_task.release)
        await super().on_stop()

    def _services(self) -> list[Service]:
        parts, watches, every = self.parts, self.web_parts.watches, self.settings.snapshot_interval
        return [
            Background(parts.publisher.run),
            Periodic("due publisher", DUE_SECONDS, parts.due.run_pass),
            Periodic("republish", REPUBLISH_SECONDS, self.web_parts.republish_task.run_pass),
            Periodic("fault reports", FAULT_SECONDS, parts.alerts.run_pass),
            Periodic("alerts", ALERT_SECONDS, parts.send_alerts.run_pass),
            Periodic("what holds images", HOLDING_SECONDS, watches.lag.run_holding),
            Periodic("lag", every, watches.lag.run_pass),
            Periodic("unfinished images", every, watches.stalled.run_pass),
        ]


def __getattr__(name: str) -> WebApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WebApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
