"""Settings become adapters, adapters become flows: assembled once, for worker, web and command line alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from faust_app.adapters.check_pool import CheckPool
from faust_app.adapters.database import Database
from faust_app.adapters.event_log import KafkaEventLog
from faust_app.adapters.fetcher import HttpFetcher
from faust_app.adapters.garbage_repository import MariaGarbageRepository
from faust_app.adapters.image_repository import MariaImageRepository
from faust_app.adapters.object_store import S3ObjectStore
from faust_app.core.failure import Unavailable
from faust_app.core.topics import Topics
from faust_app.flows.collect_garbage import GarbageCollector
from faust_app.flows.dead_letters import DeadLetters
from faust_app.flows.ingest import Ingest
from faust_app.flows.intake import Intake
from faust_app.flows.perform import Performer
from faust_app.flows.publish import Publisher
from faust_app.flows.publish_due import DuePublisher
from faust_app.flows.take_requests import TakeRequests
from faust_app.metrics import Metrics
from faust_app.settings import Settings

_PROBE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What every process has: the rows, the bucket, Kafka, and the way in."""

    settings: Settings
    topics: Topics
    metrics: Metrics
    database: Database
    repository: MariaImageRepository
    store: S3ObjectStore
    event_log: KafkaEventLog
    publisher: Publisher
    intake: Intake
    due: DuePublisher

    async def reasons_without_database(self) -> list[str]:
        """Return why intake cannot work: only the database is needed for a 202."""
        return await _reasons(self.repository.now())

    async def reasons_not_ready(self) -> list[str]:
        """Return which dependencies of a worker are away; storage is asked for a key that need not exist."""
        reasons = await self.reasons_without_database() + await _reasons(self.store.exists("ready"))
        return [*reasons, "kafka does not acknowledge"] if self.publisher.away else reasons


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker has beside them."""

    ingest: Ingest
    collector: GarbageCollector
    take_requests: TakeRequests


async def _reasons(probe: Awaitable[object]) -> list[str]:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await probe
    except Unavailable as failure:
        return [str(failure)]
    except TimeoutError:
        return [f"no answer within {_PROBE_SECONDS:.0f} s"]
    return []


@asynccontextmanager
async def open_parts(settings: Settings, metrics: Metrics, *, client_id: str) -> AsyncIterator[Parts]:
    """Connect and assemble; everything is closed in the opposite order. Raises Unavailable when Kafka is away."""
    topics = Topics.named(settings.topic_prefix)
    lease = timedelta(seconds=settings.publish_lease)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.connect(settings.database, settings.database_connections))
        store = await stack.enter_async_context(S3ObjectStore(settings))
        event_log = await stack.enter_async_context(KafkaEventLog.connect(settings.bootstrap_servers, client_id=client_id))
        repository = MariaImageRepository(database)
        publisher = Publisher(event_log, repository, topics, metrics)
        yield Parts(
            settings=settings,
            topics=topics,
            metrics=metrics,
            database=database,
            repository=repository,
            store=store,
            event_log=event_log,
            publisher=publisher,
            intake=Intake(repository, publisher, metrics, lease=lease),
            due=DuePublisher(repository, publisher, lease=lease),
        )


@asynccontextmanager
async def open_worker_parts(parts: Parts) -> AsyncIterator[WorkerParts]:
    """Assemble what only a worker needs."""
    settings = parts.settings
    async with HttpFetcher(settings) as fetcher, CheckPool(settings.image_check_level, settings.image_check_processes) as check:
        dead_letters = DeadLetters(parts.event_log, parts.metrics, topic=parts.topics.dead_letter.name, group=settings.app_id)
        yield WorkerParts(
            ingest=Ingest(
                parts.repository,
                Performer(fetcher, check, parts.store, parts.metrics),
                dead_letters,
                parts.metrics,
                deadline=settings.event_deadline,
                replaced_grace=timedelta(seconds=settings.replaced_grace),
            ),
            collector=GarbageCollector(MariaGarbageRepository(parts.database), parts.repository, parts.store, parts.metrics),
            take_requests=TakeRequests(
                parts.repository,
                parts.intake,
                dead_letters,
                parts.event_log,
                group=f"{settings.app_id}-requests",
                lease=timedelta(seconds=settings.publish_lease),
            ),
        )
