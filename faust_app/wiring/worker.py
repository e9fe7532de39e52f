"""What only a worker has, assembled on what every process has."""

import hashlib
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.metadata import stripped
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.adapters.mariadb.workers import MariaWorkerRegister
from faust_app.core.dispatch.pace import SourcePace
from faust_app.core.failure import Dependency
from faust_app.core.images.retry import JITTER, Backoff
from faust_app.flows.images.consume_requests import TakeRequests
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.executor import Executor, Rules
from faust_app.flows.images.publish import GuardedDuePublisher
from faust_app.flows.images.settle import Settler
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.monitoring.readiness import WorkerReadiness
from faust_app.flows.ports.transfer import Fetcher, ImageCheck
from faust_app.flows.resilience.breakers import Breakers, Probe
from faust_app.flows.resilience.egress import EgressMonitor, EgressProbe
from faust_app.flows.resilience.gate import Gate
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.requests import RequestsReader
from faust_app.stream.windows import PartitionControl, Windows
from faust_app.wiring.common import Parts
from faust_app.wiring.maintenance import MaintenanceTasks, maintenance_tasks
from faust_app.wiring.monitoring import Watches, build_watches


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The flows of a worker."""

    fetcher: Fetcher
    breakers: Breakers
    internal_errors: InternalErrorBreaker
    gate: Gate
    sources: Sources
    executor: Executor
    dispatcher: Dispatcher
    requests_reader: RequestsReader
    due: GuardedDuePublisher
    maintenance: MaintenanceTasks
    readiness: WorkerReadiness
    watches: Watches


@asynccontextmanager
async def open_worker_parts(
    parts: Parts, control: PartitionControl, fail: Callable[[BaseException], None], *, port: int
) -> AsyncIterator[WorkerParts]:
    """Assemble what only a worker needs.

    The dispatcher holds partitions by `control`, and calls `fail` with an error that leaves its handler. `port` is that of
    the worker's web views, and part of its name.
    """
    settings = parts.settings
    name = settings.worker_name or f"{socket.gethostname()}:{port}"
    windows = Windows(control, ahead=settings.read_ahead, ahead_per_partition=settings.read_ahead_per_partition)
    held = HeldEvents(lambda: windows.held_in_all)
    pace = SourcePace(settings.slots)
    register = MariaWorkerRegister(parts.database, name, settings.release)
    internal_errors = InternalErrorBreaker(parts.repository, register, parts.alerts, held, _jitter)
    checking = CheckPool(settings.image_check_level, settings.image_check_processes)
    async with HttpFetcher(settings) as fetcher, checking as check:
        egress_probe = EgressProbe(pace.egress, fetcher, settings.egress_probe_url)
        probes = _probes(parts, name, internal_errors, egress_probe)
        delays = {Dependency.EGRESS: pace.egress.probe_delay}
        breakers = Breakers(probes, parts.metrics, parts.alerts, held, delays=delays)
        egress = EgressMonitor(pace.egress, egress_probe, breakers[Dependency.EGRESS])
        sources = Sources(
            parts.repository, parts.source_records, clock=parts.database, egress=egress, pace=pace, alerts=parts.alerts, jitter=_jitter
        )
        gate = Gate(breakers, internal_errors)
        dead_letters = DeadLetters(parts.event_log, parts.metrics, topic=parts.topics.dead_letter.name, group=settings.app_id)
        executor = Executor(
            repository=parts.repository,
            transfer=_transfer(parts, fetcher, check, pace),
            settler=_settler(parts, dead_letters, breakers, internal_errors),
            sources=sources,
            internal_errors=internal_errors,
            breakers=breakers,
            metrics=parts.metrics,
            rules=Rules(settings.event_deadline, Backoff(settings.retry_delays), _jitter),
        )
        maintenance = maintenance_tasks(parts, dead_letters)
        try:
            yield WorkerParts(
                fetcher=fetcher,
                breakers=breakers,
                internal_errors=internal_errors,
                gate=gate,
                sources=sources,
                executor=executor,
                dispatcher=Dispatcher(
                    executor, windows, control, held, fail,
                    may_start=gate.may_start, pace=pace, slots=settings.slots, grace=settings.drain_grace,
                ),
                requests_reader=_requests_reader(parts, dead_letters),
                due=GuardedDuePublisher(parts.due, parts.publisher, breakers),
                maintenance=maintenance,
                readiness=WorkerReadiness(parts.database, parts.store, parts.publisher, breakers, gate),
                watches=build_watches(parts, held_here=gate.reasons),
            )  # fmt: skip
        finally:
            await maintenance.give_up()
            await breakers.stop()


def _probes(parts: Parts, name: str, internal_errors: InternalErrorBreaker, egress_probe: EgressProbe) -> dict[Dependency, Probe]:
    """Return a small operation of the worker's own on each dependency: an object, its row, a record, a connection."""

    async def put_object() -> None:
        key = f"probe/{hashlib.sha256(name.encode()).hexdigest()[:20]}"
        await parts.store.put_mark(key)

    return {
        Dependency.STORAGE: put_object,
        Dependency.DATABASE: internal_errors.probe,
        Dependency.KAFKA: parts.event_log.probe,
        Dependency.EGRESS: egress_probe.reach_any,
    }


def _transfer(parts: Parts, fetcher: Fetcher, check: ImageCheck, pace: SourcePace) -> Transfer:
    strip = stripped if parts.settings.strip_metadata else None
    return Transfer(fetcher, check, parts.store, pace, parts.metrics, strip=strip)


def _settler(parts: Parts, dead_letters: DeadLetters, breakers: Breakers, internal_errors: InternalErrorBreaker) -> Settler:
    grace = timedelta(seconds=parts.settings.replaced_grace)
    return Settler(parts.repository, dead_letters, breakers, internal_errors, parts.metrics, grace=grace)


def _requests_reader(parts: Parts, dead_letters: DeadLetters) -> RequestsReader:
    settings = parts.settings
    take = TakeRequests(
        parts.repository,
        parts.intake,
        dead_letters,
        parts.event_log,
        clock=parts.database,
        group=settings.requests_group,
        lease=timedelta(seconds=settings.publish_lease),
    )
    return RequestsReader(
        take,
        servers=settings.bootstrap_servers,
        topic=parts.topics.requests.name,
        group=settings.requests_group,
        session_timeout=settings.session_timeout,
    )


def _jitter() -> float:
    return random.uniform(*JITTER)  # noqa: S311 - spreads retries, no secret
