"""What only a worker has, assembled on what every process has."""

import hashlib
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.metadata import stripped
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.adapters.mariadb.source_records import MariaSourceRecords
from faust_app.adapters.mariadb.workers import MariaWorkerRegister
from faust_app.core.dispatch.pace import SourcePace
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.retry import JITTER, Backoff
from faust_app.flows.images.consume_requests import TakeRequests
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.executor import Executor, Rules
from faust_app.flows.images.settle import Settler
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.resilience.breakers import Breakers, Probe
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.settings import Settings
from faust_app.wiring.common import Parts
from faust_app.wiring.maintenance import MaintenanceTasks, maintenance_tasks


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The flows of a worker, and what decides whether it may start events."""

    parts: Parts
    executor: Executor
    breakers: Breakers
    internal_errors: InternalErrorBreaker
    sources: Sources
    maintenance: MaintenanceTasks
    take_requests: TakeRequests

    @property
    def may_start(self) -> bool:
        """Whether events may start; without our own network only those that `core.sources.egress` admits."""
        return self.breakers.may_start and self.internal_errors.may_start

    @property
    def is_unhindered(self) -> bool:
        """Whether every event may start."""
        return self.breakers.all_closed and self.internal_errors.may_start

    @property
    def held_by(self) -> list[str]:
        """Why events may not start; nothing while they may."""
        stopped = (
            [f"stopped after errors of ours: {self.internal_errors.stop_reason} `shop-images resume` lifts it."]
            if self.internal_errors.stop_reason
            else []
        )
        return [*stopped, *self.breakers.reasons]

    async def publish_due(self) -> int:
        """Publish what is due; an outage that is met on the way is known to the breakers at once. Raises Unavailable."""
        try:
            published = await self.parts.due.run_pass()
        except Unavailable as failure:
            await self.breakers.failed(failure)
            raise
        if self.parts.publisher.unavailable:
            await self.breakers.failed(Unavailable(Dependency.KAFKA, "Kafka acknowledged nothing."))
        return published

    async def reasons_not_ready(self) -> list[str]:
        """Return why the worker cannot work; where no breaker knows it yet, its dependencies are asked."""
        return self.held_by if self.breakers.reasons else [*self.held_by, *await self.parts.reasons_not_ready()]


@asynccontextmanager
async def open_worker_parts(parts: Parts, pace: SourcePace, *, port: int) -> AsyncIterator[WorkerParts]:
    """Assemble what only a worker needs; `port` is that of its web views, part of its name, `pace` the dispatcher's."""
    settings = parts.settings
    name = settings.worker_name or f"{socket.gethostname()}:{port}"
    register = MariaWorkerRegister(parts.database, name, settings.release)
    checking = CheckPool(settings.image_check_level, settings.image_check_processes)
    async with HttpFetcher(settings) as fetcher, checking as check:
        records = MariaSourceRecords(parts.database)
        sources = Sources(parts.repository, fetcher, pace, records, _jitter, clock=parts.database, probe_url=settings.egress_probe_url)
        internal_errors = InternalErrorBreaker(parts.repository, register, _jitter)
        delays = {Dependency.EGRESS: pace.egress.probe_delay}
        breakers = Breakers(_probes(parts, name, internal_errors, sources), parts.metrics, delays=delays)
        sources.blame(breakers[Dependency.EGRESS])
        dead_letters = DeadLetters(parts.event_log, parts.metrics, topic=parts.topics.dead_letter.name, group=settings.app_id)
        grace = timedelta(seconds=settings.replaced_grace)
        settler = Settler(parts.repository, dead_letters, breakers, internal_errors, parts.metrics, grace=grace)
        strip = stripped if settings.strip_metadata else None
        maintenance = maintenance_tasks(parts, dead_letters)
        try:
            yield WorkerParts(
                parts=parts,
                executor=Executor(
                    repository=parts.repository,
                    transfer=Transfer(fetcher, check, parts.store, pace, parts.metrics, strip=strip),
                    settler=settler,
                    sources=sources,
                    internal_errors=internal_errors,
                    breakers=breakers,
                    metrics=parts.metrics,
                    rules=Rules(settings.event_deadline, Backoff(settings.retry_delays), _jitter),
                ),
                breakers=breakers,
                internal_errors=internal_errors,
                sources=sources,
                maintenance=maintenance,
                take_requests=_take_requests(parts, dead_letters, settings),
            )
        finally:
            await maintenance.give_up()
            await breakers.stop()


def _take_requests(parts: Parts, dead_letters: DeadLetters, settings: Settings) -> TakeRequests:
    return TakeRequests(
        parts.repository,
        parts.intake,
        dead_letters,
        parts.event_log,
        clock=parts.database,
        group=settings.requests_group,
        lease=timedelta(seconds=settings.publish_lease),
    )


def _probes(parts: Parts, name: str, internal_errors: InternalErrorBreaker, sources: Sources) -> dict[Dependency, Probe]:
    """Return an operation of the worker's own on each dependency: a small object, its row, a record, a connection."""

    async def put_object() -> None:
        key = f"probe/{hashlib.sha256(name.encode()).hexdigest()[:20]}"
        await parts.store.put_mark(key)

    return {
        Dependency.STORAGE: put_object,
        Dependency.DATABASE: internal_errors.probe,
        Dependency.KAFKA: parts.event_log.probe,
        Dependency.EGRESS: sources.reach_anybody,
    }


def _jitter() -> float:
    return random.uniform(*JITTER)  # noqa: S311 - spreads retries, no secret
