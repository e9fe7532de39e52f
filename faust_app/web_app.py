"""Composition root of the web process: parts and web become the app behind `faust -A faust_app.web_app worker`."""

import asyncio

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - uvloop goes in before anything opens a loop
import structlog  # noqa: E402
from mode import Service  # noqa: E402

from faust_app.heap import freeze_heap  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.loop_lag import LoopLag  # noqa: E402
from faust_app.stream.periodic import Periodic  # noqa: E402
from faust_app.stream.stack_dump import log_stacks_on_signal  # noqa: E402
from faust_app.web.protection import protect  # noqa: E402
from faust_app.web.server import router_of, use_our_runner, web_options, without_pages_of_faust  # noqa: E402
from faust_app.wiring.common import Parts, open_parts  # noqa: E402
from faust_app.wiring.credentials import open_tokens  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.metrics import open_metrics  # noqa: E402
from faust_app.wiring.services import FEED_SECONDS, REJECTION_SECONDS, TOKEN_SECONDS, shared_services  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, end_in_time, open_or_exit, without_banner  # noqa: E402
from faust_app.wiring.web import WebParts, open_web_parts  # noqa: E402

log = structlog.get_logger()


class WebApp(faust.App):
    """Serves intake and reading over HTTP, and publishes what is due. Consumes nothing.

    Everything is built in `on_start`, once the adapters are open; Faust starts the web server after it.
    """

    producer_only = True
    parts: Parts
    web_parts: WebParts

    def __init__(self, settings: Settings) -> None:
        options = faust_settings(settings, web_port=settings.listening.port) | {"web_bind": settings.listening.host}
        self.metrics = open_metrics(settings)
        self.tokens = open_tokens(settings, self.metrics)
        super().__init__(settings.app_id, **options, web_application_options=web_options())
        without_pages_of_faust(self)
        without_banner()
        self.settings = settings

    async def on_start(self) -> None:
        """Open the adapters before the server listens; they are closed after it stopped."""
        claim_port_or_exit(self, "WEB_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=f"{self.settings.app_id}-web"))
        self.web_parts = web = await open_or_exit(self, open_web_parts(self.parts, self.tokens))
        await web.lanes.read_first()
        api = (web.intake, web.imports, web.images, web.shop_images, web.public, web.republish, web.causes, web.alerts, web.lane_handlers)
        shops = (web.changes, web.shop_controls, web.report_access, web.mend, web.test_fetches, web.reports)
        for handlers in (
            *api,
            *shops,
            web.operating,
            web.search,
            web.statistics,
            web.health,
            web.lag,
            web.stalled,
            web.fairness,
            web.admin,
        ):
            handlers.register(router_of(self))
        protect(self.web.web_app, web.admin, web.reports.frame)  # type: ignore[attr-defined]
        use_our_runner(self, self.metrics)
        log_stacks_on_signal(asyncio.get_running_loop())  # in place of mode's handler, which prints past the log
        await super().on_start()

    async def stop(self) -> None:
        """Stop, and end the process where that takes too long."""
        end_in_time(self)
        if hasattr(self, "web_parts"):
            self.web_parts.feed.watch.close()
        await super().stop()

    async def on_started(self) -> None:
        """Start the tasks beside the server."""
        await super().on_started()
        for service in self._services():
            await self.add_runtime_dependency(service)
        freeze_heap()
        log.info("started", process="web", release=self.settings.release, bind=self.conf.web_bind, port=self.conf.web_port)

    def _services(self) -> list[Service]:
        web = self.web_parts
        due, republish = self.parts.due.run_pass, web.republish_task
        shared = shared_services(self.parts, web.watches, web.lanes, web.shops, due=due, republish=republish)
        return [
            *shared,
            LoopLag(self.metrics),
            Periodic("rejections", REJECTION_SECONDS, web.refused.run_pass, self.metrics),
            Periodic("feed", FEED_SECONDS, web.feed.watch.run_pass, self.metrics),
            Periodic("tokens", TOKEN_SECONDS, self.tokens.run_pass, self.metrics),
        ]


def __getattr__(name: str) -> WebApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WebApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
