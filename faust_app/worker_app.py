"""Composition root of the worker: parts and stream become the app behind `faust -A faust_app worker`."""

from functools import partial
from typing import Any

import mode.loop

mode.loop.use("uvloop")

from faust_app.core.dispatch.pace import SourcePace  # noqa: E402 - uvloop goes in before anything opens a loop
from faust_app.core.messages.topics import Topics  # noqa: E402
from faust_app.flows.resilience.tell_faults import TellFaults  # noqa: E402
from faust_app.metrics import Metrics  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.agents import register_agents  # noqa: E402
from faust_app.stream.dispatcher import Dispatcher  # noqa: E402
from faust_app.stream.flow_control import DrainingApp, WorkerFlow  # noqa: E402
from faust_app.stream.periodic import Background, Periodic  # noqa: E402
from faust_app.stream.requests import RequestsReader  # noqa: E402
from faust_app.stream.watchdog import Watchdog  # noqa: E402
from faust_app.stream.worker_progress import WorkerProgress  # noqa: E402
from faust_app.web.auth.tokens import Authentication, read_tokens  # noqa: E402
from faust_app.web.pages.health import register_health  # noqa: E402
from faust_app.web.pages.lag import LagPage  # noqa: E402
from faust_app.web.pages.unfinished import StalledPage  # noqa: E402
from faust_app.web.pages.watch import register_watch  # noqa: E402
from faust_app.web.server import use_our_runner, web_options  # noqa: E402
from faust_app.wiring.common import Parts, open_parts  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.final_alert import send_final_alert  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, open_or_exit  # noqa: E402
from faust_app.wiring.worker import WorkerParts, open_worker_parts  # noqa: E402

DUE_SECONDS = 1.0
DISPATCHER_SECONDS = 1.0
REGISTER_SECONDS = 5.0
SOURCES_SECONDS = 2.0
ALERT_SECONDS = 5.0
FAULT_SECONDS = 3.0
HOLDING_SECONDS = 3.0
DAILY_SECONDS = 30.0


class WorkerApp(DrainingApp):
    """Consumes the image topics and `requests`, publishes what is due, collects garbage."""

    parts: Parts
    worker_parts: WorkerParts

    def __init__(self, settings: Settings) -> None:
        tokens = read_tokens(settings.tokens_file)
        options = faust_settings(settings, web_port=settings.worker_port)
        super().__init__(settings.app_id, **options, web_application_options=web_options(Authentication(tokens)))
        self.settings = settings
        self.image_topics = Topics.named(settings.topic_prefix)
        self.metrics = Metrics()
        self.pace = SourcePace(settings.slots)
        self.dispatcher = Dispatcher(
            lambda: self.worker_parts.executor,
            WorkerFlow(self),
            self._crash_soon,
            may_start=lambda: self.worker_parts.may_start,
            pace=self.pace,
            slots=settings.slots,
            ahead=settings.read_ahead,
            ahead_per_partition=settings.read_ahead_per_partition,
            grace=settings.drain_grace,
        )
        register_agents(self, self.image_topics, self.dispatcher)
        register_health(self, lambda: self.metrics, self._reasons_not_ready)
        register_watch(
            self,
            lambda: LagPage(self.parts.watch_lag, self.parts.watch_stalled),
            lambda: StalledPage(self.parts.watch_stalled, images_at=settings.web_public_url),
        )
        self._show_gauges()

    async def on_start(self) -> None:
        """Open the adapters before Faust starts to consume; they are closed after it stopped."""
        claim_port_or_exit(self, "WORKER_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=self.settings.app_id))
        self.worker_parts = await open_or_exit(self, open_worker_parts(self.parts, self.pace, port=self.conf.web_port))
        worker = self.worker_parts
        TellFaults(self.parts.alerts, self._held, self.dispatcher.go_on).listen(worker.breakers, worker.internal_errors, worker.sources)
        self.parts.watch_lag.held_here = lambda: worker.held_by
        self.flow_control.on_suspend = self.dispatcher.drain
        use_our_runner(self, self.metrics)
        await super().on_start()

    async def on_started(self) -> None:
        """Start the tasks beside the agents."""
        await super().on_started()
        for service in self._services():
            await self.add_runtime_dependency(service)

    def _services(self) -> list[Any]:
        take = self.worker_parts.take_requests
        reader = RequestsReader(
            take,
            servers=self.settings.bootstrap_servers,
            topic=self.image_topics.requests.name,
            group=self.settings.requests_group,
            session_timeout=self.settings.session_timeout,
        )
        return [
            Background(self.parts.publisher.run),
            Periodic("dispatcher", DISPATCHER_SECONDS, self.dispatcher.run_pass),
            Periodic("due publisher", DUE_SECONDS, self.worker_parts.publish_due),
            Periodic("worker register", REGISTER_SECONDS, self.worker_parts.internal_errors.run_pass),
            Periodic("rescue", self.settings.rescue_interval, self.worker_parts.maintenance.rescue.run_pass),
            Periodic("sources", SOURCES_SECONDS, self.worker_parts.sources.run_pass),
            Periodic("garbage collector", self.settings.collect_interval, self.worker_parts.maintenance.collector.run_pass),
            Periodic("audit of the bucket", self.settings.collect_interval, self.worker_parts.maintenance.audit.run_pass),
            Periodic("daily check", DAILY_SECONDS, self.worker_parts.maintenance.daily_check.run_pass),
            Periodic("limits", DAILY_SECONDS, self.worker_parts.maintenance.limits.run_pass),
            Periodic("fault reports", FAULT_SECONDS, self.parts.alerts.run_pass),
            Periodic("alerts", ALERT_SECONDS, self.parts.send_alerts.run_pass),
            Periodic("what holds images", HOLDING_SECONDS, self.parts.watch_lag.run_holding),
            Periodic("lag", self.settings.snapshot_interval, self.parts.watch_lag.run_pass),
            Periodic("unfinished images", self.settings.snapshot_interval, self.parts.watch_stalled.run_pass),
            reader,
            self._watchdog(reader),
        ]

    def _watchdog(self, reader: RequestsReader) -> Watchdog:
        worker, alerts = self.worker_parts, self.parts.alerts
        samples = WorkerProgress(
            self,
            self.dispatcher,
            reader,
            self.parts.watch_lag,
            images=self.settings.app_id,
            requests=self.settings.requests_group,
            may_start=lambda: worker.is_unhindered and not alerts.database_is_unavailable,
            available=lambda: worker.breakers.all_closed and not alerts.database_is_unavailable,
            failures=lambda: worker.breakers.failures,
            fresh=3 * self.settings.snapshot_interval,
        )
        final_alert = partial(send_final_alert, self.settings, self.parts.process)
        return Watchdog(samples, final_alert, self.metrics, limit=self.settings.watchdog_after)

    def _held(self) -> int:
        return sum(self.dispatcher.held(spec.name) for spec in self.image_topics.images)

    def _crash_soon(self, error: BaseException) -> None:
        """Stop the worker: an event whose handling broke down is not acknowledged, another worker gets it."""
        self.add_future(self.crash(error))

    async def _reasons_not_ready(self) -> list[str]:
        reasons = await self.worker_parts.reasons_not_ready()
        assigned = {tp.topic for tp in self.consumer.assignment()}
        lacking = [spec.name for spec in self.image_topics.images if spec.name not in assigned]
        if lacking:
            reasons.append(f"no partition assigned of {', '.join(lacking)}")
        return reasons

    def _show_gauges(self) -> None:
        self.metrics.snapshot_age.labels("lag").set_function(lambda: self.parts.watch_lag.age)
        self.metrics.snapshot_age.labels("stalled").set_function(lambda: self.parts.watch_stalled.age)
        self.metrics.running.set_function(lambda: self.dispatcher.running)
        for spec in self.image_topics.images:
            self.metrics.held.labels(spec.name).set_function(partial(self.dispatcher.held, spec.name))


def __getattr__(name: str) -> WorkerApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WorkerApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
