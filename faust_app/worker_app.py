"""Composition root of the worker: parts and stream become the app behind `faust -A faust_app worker`."""

from functools import partial

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - uvloop goes in before anything opens a loop
from mode import Service  # noqa: E402

from faust_app.metrics import Metrics  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.agents import register_agents  # noqa: E402
from faust_app.stream.flow_control import DrainingFlow, WorkerFlow  # noqa: E402
from faust_app.stream.periodic import Background, Periodic  # noqa: E402
from faust_app.stream.watchdog import Watchdog  # noqa: E402
from faust_app.stream.worker_progress import WorkerProgress  # noqa: E402
from faust_app.web.auth.tokens import Authentication, read_tokens  # noqa: E402
from faust_app.web.pages.health import HealthPages  # noqa: E402
from faust_app.web.pages.lag import LagPage  # noqa: E402
from faust_app.web.pages.unfinished import StalledPage  # noqa: E402
from faust_app.web.server import router_of, use_our_runner, web_options, without_pages_of_faust  # noqa: E402
from faust_app.wiring.alerts import final_alert  # noqa: E402
from faust_app.wiring.common import Parts, open_parts  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.services import shared_services  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, open_or_exit  # noqa: E402
from faust_app.wiring.worker import WorkerParts, open_worker_parts  # noqa: E402

DISPATCHER_SECONDS = 1.0
TEST_FETCH_SECONDS = 1.0
REGISTER_SECONDS = 5.0
SOURCES_SECONDS = 2.0
DAILY_SECONDS = 30.0
SUSPECT_SECONDS = 15.0


class WorkerApp(faust.App):
    """Consumes the image topics and `requests`, publishes what is due, collects garbage.

    Everything is built in `on_start`, once the adapters are open. Faust starts agents and web server after it, so both can
    be registered there too.
    """

    parts: Parts
    worker_parts: WorkerParts

    def __init__(self, settings: Settings) -> None:
        options = faust_settings(settings, web_port=settings.worker_port)
        authentication = Authentication(read_tokens(settings.tokens_file))
        super().__init__(settings.app_id, **options, web_application_options=web_options(authentication))
        without_pages_of_faust(self)
        self.settings = settings
        self.metrics = Metrics()

    async def on_start(self) -> None:
        """Open the adapters before Faust starts to consume; they are closed after it stopped."""
        claim_port_or_exit(self, "WORKER_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=self.settings.app_id))
        opening = open_worker_parts(self.parts, WorkerFlow(self), self._crash_soon, port=self.conf.web_port)
        self.worker_parts = await open_or_exit(self, opening)
        # Nothing has used Faust's own flow control yet: it asks the app for it when streams start.
        self.flow_control = DrainingFlow(self.worker_parts.dispatcher)
        register_agents(self, self.parts.topics, self.worker_parts.dispatcher)
        self._register_pages()
        self._show_gauges()
        use_our_runner(self, self.metrics)
        await super().on_start()

    async def on_started(self) -> None:
        """Start the tasks beside the agents."""
        await super().on_started()
        for service in self._services():
            await self.add_runtime_dependency(service)

    def _register_pages(self) -> None:
        router, watches = router_of(self), self.worker_parts.watches
        HealthPages(self.metrics, self._reasons_not_ready).register(router)
        LagPage(watches.lag, watches.stalled).register(router)
        StalledPage(watches.stalled, images_at=self.settings.web_public_url).register(router)

    def _services(self) -> list[Service]:
        parts, worker, settings = self.parts, self.worker_parts, self.settings
        maintenance, watches = worker.maintenance, worker.watches
        return [
            *shared_services(parts, watches, due=worker.due.run_pass, republish=maintenance.republish),
            Background(worker.dispatcher.run),
            Periodic("dispatcher", DISPATCHER_SECONDS, worker.dispatcher.run_pass),
            Periodic("worker register", REGISTER_SECONDS, worker.resilience.internal_errors.run_pass),
            Periodic("worker load", REGISTER_SECONDS, worker.resilience.load.run_pass),
            Periodic("suspicions", SUSPECT_SECONDS, maintenance.suspect.run_pass),
            Periodic("rescue", settings.rescue_interval, maintenance.rescue.run_pass),
            Periodic("sources", SOURCES_SECONDS, worker.resilience.sources.run_pass),
            Periodic("garbage collector", settings.collect_interval, maintenance.collector.run_pass),
            Periodic("audit of the bucket", settings.collect_interval, maintenance.audit.run_pass),
            Periodic("daily check", DAILY_SECONDS, maintenance.daily_check.run_pass),
            Periodic("limits", DAILY_SECONDS, maintenance.limits.run_pass),
            Periodic("test fetches", TEST_FETCH_SECONDS, worker.test_fetches.run_pass),
            worker.requests_reader,
            self._watchdog(),
        ]

    def _watchdog(self) -> Watchdog:
        worker, alerts = self.worker_parts, self.parts.alerts
        gate, breakers = worker.resilience.gate, worker.resilience.breakers
        samples = WorkerProgress(
            self,
            worker.dispatcher,
            worker.requests_reader,
            worker.watches.lag,
            images=self.settings.app_id,
            requests=self.settings.requests_group,
            may_start=lambda: gate.is_open() and not alerts.database_is_unavailable,
            available=lambda: breakers.all_closed and not alerts.database_is_unavailable,
            failures=lambda: breakers.failures,
            fresh=3 * self.settings.snapshot_interval,
        )
        farewell = final_alert(self.settings, self.parts.process, self.parts.place)
        return Watchdog(samples, farewell, self.metrics, limit=self.settings.watchdog_after)

    def _crash_soon(self, error: BaseException) -> None:
        """Stop the worker: an event whose handling broke down is not acknowledged, another worker gets it."""
        self.add_future(self.crash(error))

    async def _reasons_not_ready(self) -> list[str]:
        reasons = await self.worker_parts.readiness.reasons()
        assigned = {tp.topic for tp in self.consumer.assignment()}
        lacking = [spec.name for spec in self.parts.topics.images if spec.name not in assigned]
        return [*reasons, f"no partition assigned of {', '.join(lacking)}"] if lacking else reasons

    def _show_gauges(self) -> None:
        dispatcher = self.worker_parts.dispatcher
        self.metrics.running.set_function(lambda: dispatcher.running)
        for spec in self.parts.topics.images:
            self.metrics.held.labels(spec.name).set_function(partial(dispatcher.held, spec.name))


def __getattr__(name: str) -> WorkerApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WorkerApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
