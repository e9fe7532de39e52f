"""Composition root of the worker: parts and stream become the app behind `faust -A faust_app worker`."""

import asyncio
import time
from collections.abc import Iterable
from functools import partial

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - uvloop goes in before anything opens a loop
import structlog  # noqa: E402
from faust.exceptions import ConsumerNotStarted  # noqa: E402
from faust.types import ServiceT  # noqa: E402
from mode import Service  # noqa: E402

from faust_app.core.dispatch.slot_limit import SLOTS_SECONDS  # noqa: E402
from faust_app.flows.monitoring.summary import SUMMARY_SECONDS, WorkSummary  # noqa: E402
from faust_app.heap import CYCLES_SECONDS, collect_cycles, tune_collector  # noqa: E402
from faust_app.settings import Settings  # noqa: E402
from faust_app.stream.agents import register_agents  # noqa: E402
from faust_app.stream.consumer.transport import WorkerTransport  # noqa: E402
from faust_app.stream.flow_control import DrainingFlow, WorkerFlow  # noqa: E402
from faust_app.stream.loop_lag import LoopLag  # noqa: E402
from faust_app.stream.periodic import Background, Periodic  # noqa: E402
from faust_app.stream.slots import AdjustSlots  # noqa: E402
from faust_app.stream.stack_dump import log_stacks_on_signal  # noqa: E402
from faust_app.stream.watchdog import Watchdog  # noqa: E402
from faust_app.stream.worker_progress import WorkerProgress  # noqa: E402
from faust_app.web.auth.tokens import Authentication  # noqa: E402
from faust_app.web.pages.fairness import FairnessPage  # noqa: E402
from faust_app.web.pages.health import HealthPages  # noqa: E402
from faust_app.web.pages.lag import LagPage  # noqa: E402
from faust_app.web.pages.unfinished import StalledPage  # noqa: E402
from faust_app.web.server import router_of, use_our_runner, web_options, without_pages_of_faust  # noqa: E402
from faust_app.wiring.alerts import final_alert  # noqa: E402
from faust_app.wiring.common import Parts, open_parts  # noqa: E402
from faust_app.wiring.credentials import open_tokens  # noqa: E402
from faust_app.wiring.faust_settings import faust_settings  # noqa: E402
from faust_app.wiring.metrics import open_metrics  # noqa: E402
from faust_app.wiring.services import TOKEN_SECONDS, shared_services  # noqa: E402
from faust_app.wiring.startup import build_or_exit, claim_port_or_exit, end_in_time, open_or_exit, without_banner  # noqa: E402
from faust_app.wiring.worker import WorkerParts, open_worker_parts  # noqa: E402

DISPATCHER_SECONDS = 1.0
TEST_FETCH_SECONDS = 1.0
RESUMED_SECONDS = 1.0
REGISTER_SECONDS = 5.0
SOURCES_SECONDS = 2.0
DAILY_SECONDS = 30.0
SUSPECT_SECONDS = 15.0

log = structlog.get_logger()


class WorkerApp(faust.App):
    """Consumes the image topics and `requests`, publishes what is due, collects garbage.

    Everything is built in `on_start`, once the adapters are open. Faust starts agents and web server after it, so both can
    be registered there too.
    """

    parts: Parts
    worker_parts: WorkerParts

    def __init__(self, settings: Settings) -> None:
        options = faust_settings(settings, web_port=settings.worker_port)
        self.metrics = open_metrics(settings)
        self.tokens = open_tokens(settings, self.metrics)
        authentication = Authentication(self.tokens)
        super().__init__(settings.app_id, **options, web_application_options=web_options(authentication))
        without_pages_of_faust(self)
        without_banner()
        self.settings = settings

    def on_init_dependencies(self) -> Iterable[ServiceT]:
        """Choose the transport before Faust makes its consumer."""
        self.transport = WorkerTransport(self.conf.broker_consumer, self)
        return super().on_init_dependencies()

    async def on_start(self) -> None:
        """Open the adapters before Faust starts to consume; they are closed after it stopped."""
        claim_port_or_exit(self, "WORKER_PORT")
        self.parts = await open_or_exit(self, open_parts(self.settings, self.metrics, client_id=self.settings.app_id))
        opening = open_worker_parts(self.parts, WorkerFlow(self), self._crash_soon, port=self.conf.web_port)
        self.worker_parts = await open_or_exit(self, opening)
        await self.worker_parts.lanes.read_first()
        # Nothing has used Faust's own flow control yet: it asks the app for it when streams start.
        self.flow_control = DrainingFlow(self.worker_parts.dispatcher)
        register_agents(self, self.parts.topics, self.worker_parts.dispatcher)
        self._register_pages()
        self._show_gauges()
        use_our_runner(self, self.metrics)
        log_stacks_on_signal(asyncio.get_running_loop())  # in place of mode's handler, which prints past the log
        await super().on_start()

    async def stop(self) -> None:
        """Stop, and end the process where that takes too long."""
        end_in_time(self)
        await super().stop()

    async def on_started(self) -> None:
        """Start the tasks beside the agents."""
        await super().on_started()
        for service in self._services():
            await self.add_runtime_dependency(service)
        tune_collector()
        # Behind the freeze, or its first pass would visit every object of the process.
        await self.add_runtime_dependency(Periodic("cycles", CYCLES_SECONDS, collect_cycles, self.metrics))
        log.info("started", process="worker", release=self.settings.release, bind=self.conf.web_bind, port=self.conf.web_port)

    def _register_pages(self) -> None:
        router, watches = router_of(self), self.worker_parts.watches
        HealthPages(self.metrics, self._reasons_not_ready).register(router)
        LagPage(watches.lag, watches.stalled).register(router)
        FairnessPage(watches.fairness, watches.lag.held_by, admin_at=self.settings.web_public_url).register(router)
        StalledPage(watches.stalled, pauses=self.worker_parts.shops.held_by, images_at=self.settings.web_public_url).register(router)

    def _services(self) -> list[Service]:
        parts, worker, settings = self.parts, self.worker_parts, self.settings
        maintenance, watches, periodic = worker.maintenance, worker.watches, partial(Periodic, metrics=self.metrics)
        clock, loop_lag = asyncio.get_running_loop().time, LoopLag(self.metrics)
        adjust = AdjustSlots(worker.slots, running=lambda: worker.dispatcher.running, largest_lag=loop_lag.take_largest, seconds=clock)
        return [
            *shared_services(parts, watches, worker.lanes, worker.shops, due=worker.due.run_pass, republish=maintenance.republish),
            Background(worker.dispatcher.run),
            loop_lag,
            periodic("slots", SLOTS_SECONDS, adjust.run_pass),
            periodic("dispatcher", DISPATCHER_SECONDS, worker.dispatcher.run_pass),
            periodic("worker register", REGISTER_SECONDS, worker.resilience.internal_errors.run_pass),
            periodic("worker load", REGISTER_SECONDS, worker.resilience.load.run_pass),
            periodic("fairness report", REGISTER_SECONDS, worker.fairness.run_pass),
            periodic("suspicions", SUSPECT_SECONDS, maintenance.suspect.run_pass),
            periodic("rescue", settings.rescue_interval, maintenance.rescue.run_pass),
            periodic("sources", SOURCES_SECONDS, worker.resilience.sources.run_pass),
            periodic("resumed shops", RESUMED_SECONDS, worker.resumed.run_pass),
            periodic("garbage collector", settings.collect_interval, maintenance.collector.run_pass),
            periodic("audit of the bucket", settings.collect_interval, maintenance.audit.run_pass),
            periodic("daily check", DAILY_SECONDS, maintenance.daily_check.run_pass),
            periodic("limits", DAILY_SECONDS, maintenance.limits.run_pass),
            periodic("summary", SUMMARY_SECONDS, self._summary().run_pass),
            periodic("tokens", TOKEN_SECONDS, self.tokens.run_pass),
            periodic("test fetches", TEST_FETCH_SECONDS, worker.test_fetches.run_pass),
            worker.requests_reader,
            self._watchdog(),
        ]

    def _summary(self) -> WorkSummary:
        worker = self.worker_parts
        return WorkSummary(self.metrics, worker.watches.lag, running=lambda: worker.dispatcher.running, seconds=time.monotonic)

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
            is_paused=worker.lanes.is_paused,
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
        assigned = {topic for topic, _ in self._own_partitions()}
        lacking = [spec.name for spec in self.parts.topics.images if spec.name not in assigned]
        return [*reasons, f"no partition assigned of {', '.join(lacking)}"] if lacking else reasons

    def _assigned(self, topic: str) -> int:
        return sum(each == topic for each, _ in self._own_partitions())

    def _own_partitions(self) -> set[tuple[str, int]]:
        """Return topics and partitions of this worker; none before its consumer has started, when pages are served already."""
        try:
            return {(tp.topic, tp.partition) for tp in self.consumer.assignment()}
        except ConsumerNotStarted:
            return set()

    def _show_gauges(self) -> None:
        dispatcher, reader, assigned = self.worker_parts.dispatcher, self.worker_parts.requests_reader, self.metrics.assigned_partitions
        self.metrics.slots.set_function(lambda: self.worker_parts.slots.slots)
        self.metrics.slots_max.set(self.settings.slots)
        self.metrics.running.set_function(lambda: dispatcher.running)
        assigned.labels(self.parts.topics.requests.name).set_function(lambda: len(reader.placed))
        for spec in self.parts.topics.images:
            assigned.labels(spec.name).set_function(partial(self._assigned, spec.name))
            self.metrics.held.labels(spec.name).set_function(partial(dispatcher.held, spec.name))


def __getattr__(name: str) -> WorkerApp:
    """Build the app from the environment when Faust asks for it, and once."""
    if name == "app":
        globals()["app"] = built = build_or_exit(WorkerApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
