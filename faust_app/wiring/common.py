"""Settings become adapters, adapters become flows: assembled once, for worker, web and command line alike."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.kafka.producer import KafkaEventLog
from faust_app.adapters.kafka.topics import refuse_missing
from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.alert_messages import MariaAlertOutbox
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.intake_offsets import MariaIntakeOffsets
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.adapters.mariadb.leases import MariaLeases
from faust_app.adapters.mariadb.recoveries import MariaRecoveries
from faust_app.adapters.mariadb.source_records import MariaSourceRecords
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.core.dispatch.express import Allowance, Express
from faust_app.core.failure import Misconfigured, Unavailable
from faust_app.core.messages.topics import Topics
from faust_app.core.operators.rate_limit import Rate
from faust_app.core.statistics.unavailable import CacheMisconfigured, CacheUnavailable
from faust_app.core.text import Place
from faust_app.flows.alerts.report_faults import FaultReporter
from faust_app.flows.alerts.send_alerts import Delivery, SendAlerts
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.lane_choice import LaneChoice
from faust_app.flows.images.publish import DuePublisher, Publisher
from faust_app.flows.monitoring.lag import WatchedGroup
from faust_app.flows.ports.alerts import Faults, Messenger
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.results import ResultTasks, result_tasks

log = structlog.get_logger()

_RELEASE_SECONDS: Final = 2.0
_PROBE_SECONDS: Final = 10.0
"""Seconds that a start waits for what it can do without: longer than a connection takes to fail."""
_HOST_SHOWN: Final = 60
_NAME_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class Parts:
    """What every process has: rows, bucket, Kafka, intake and alerts."""

    settings: Settings
    process: str
    """The name of this process in fault reports and leases."""
    topics: Topics
    place: Place
    metrics: Metrics
    author: Author
    """What this process writes into the outcomes that it decides."""
    database: Database
    repository: MariaImageRepository
    store: S3ObjectStore
    event_log: KafkaEventLog
    lane_choice: LaneChoice
    publisher: Publisher
    intake: Intake
    due: DuePublisher
    faults: Faults
    alerts: FaultReporter
    send_alerts: SendAlerts
    results: ResultTasks
    leases: MariaLeases
    job_runs: MariaJobRuns
    source_records: MariaSourceRecords
    offsets: KafkaConsumerOffsets
    """The offsets of the workers' group in the image topics."""
    groups: Mapping[str, WatchedGroup]
    """The consumer groups by name: the workers', and that of the readers of `requests`."""


async def release_lease(task: str, release: Callable[[], Awaitable[None]]) -> None:
    """Release the task's lease at once; while the database is unavailable, one follows when the lease runs out."""
    try:
        async with asyncio.timeout(_RELEASE_SECONDS):
            await release()
    except (Unavailable, TimeoutError) as failure:
        log.info("lease is not released", task=task, reason=str(failure) or type(failure).__name__)


async def refuse_misconfigured(*probes: Callable[[], Awaitable[object]]) -> None:
    """Raise the first Misconfigured or CacheMisconfigured; what is merely unavailable may come later, and stops no start."""

    async def ask(probe: Callable[[], Awaitable[object]]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROBE_SECONDS):
                try:
                    await probe()
                except (Misconfigured, CacheMisconfigured):
                    raise
                except (Unavailable, CacheUnavailable) as failure:
                    log.warning("started without a dependency", reason=str(failure))

    await asyncio.gather(*(ask(probe) for probe in probes))


def utc_now() -> datetime:
    """Return the time of day, in UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


@asynccontextmanager
async def open_parts(settings: Settings, metrics: Metrics, *, client_id: str) -> AsyncIterator[Parts]:
    """Connect and assemble; everything is closed in the opposite order.

    Raises Unavailable when Kafka is unavailable, Misconfigured when Kafka, database or storage refuses our settings.
    """
    topics, place = settings.topics, Place(settings.zone, settings.web_public_url)
    lease = timedelta(seconds=settings.publish_lease)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.connect(settings.database, settings.database_connections, metrics))
        store = await stack.enter_async_context(S3ObjectStore(settings, metrics))
        await refuse_misconfigured(database.now, store.probe)
        connected = KafkaEventLog.connect(settings.kafka, client_id=client_id, probe_topic=topics.probe.name)
        event_log = await stack.enter_async_context(connected)
        await refuse_missing(settings.kafka, topics.all, [settings.app_id, settings.requests_group])
        process = _process_name(client_id)
        author = Author(settings.release, process)
        repository = MariaImageRepository(database, author)
        lane_choice = _lane_choice(settings, metrics)
        publisher = Publisher(event_log, repository, topics, metrics, lane_choice)
        messenger = await stack.enter_async_context(Webhook(settings)) if settings.alert_webhook_url else None
        leases = MariaLeases(database)
        send_alerts = _send_alerts(database, leases, messenger, metrics, Delivery(place, settings.digest_time, holder=process))
        stack.push_async_callback(release_lease, "alerts", send_alerts.release)
        results = result_tasks(settings, database, event_log, metrics, leases=leases, holder=process)
        stack.push_async_callback(release_lease, "result order", results.order.release)
        stack.push_async_callback(release_lease, "result publisher", results.publish.release)
        faults = MariaFaults(database)
        alerts = FaultReporter(faults, messenger, metrics, worker=process, place=place, seconds=time.monotonic, now=utc_now)
        images = [spec.name for spec in topics.images]
        offsets = await stack.enter_async_context(KafkaConsumerOffsets.connect(settings.kafka, settings.app_id, images))
        requests = await _requests_group(stack, settings, database)
        yield Parts(
            settings=settings,
            process=process,
            topics=topics,
            place=place,
            metrics=metrics,
            author=author,
            database=database,
            repository=repository,
            store=store,
            event_log=event_log,
            lane_choice=lane_choice,
            publisher=publisher,
            intake=Intake(repository, publisher, metrics, clock=database, lease=lease),
            due=DuePublisher(repository, publisher, lease=lease),
            faults=faults,
            alerts=alerts,
            send_alerts=send_alerts,
            results=results,
            leases=leases,
            job_runs=MariaJobRuns(database),
            source_records=MariaSourceRecords(database),
            offsets=offsets,
            groups={settings.app_id: WatchedGroup(offsets), settings.requests_group: requests},
        )


def _process_name(client_id: str) -> str:
    """Return a name that no other process has: host, process id and client id."""
    return f"{socket.gethostname()[:_HOST_SHOWN]}:{os.getpid()}:{client_id}"[:_NAME_LENGTH]


def _send_alerts(database: Database, leases: MariaLeases, messenger: Messenger | None, metrics: Metrics, delivery: Delivery) -> SendAlerts:
    return SendAlerts(
        alerts=MariaAlertRepository(database),
        outbox=MariaAlertOutbox(database),
        recoveries=MariaRecoveries(database),
        clock=database,
        leases=leases,
        messenger=messenger,
        metrics=metrics,
        delivery=delivery,
    )


def _lane_choice(settings: Settings, metrics: Metrics) -> LaneChoice:
    deletes = Rate(settings.express_deletes, max(1.0, settings.express_deletes))
    allowance = Allowance(Rate(settings.express_rate, settings.express_burst), deletes)
    express = Express(allowance) if settings.fair_shares else None
    return LaneChoice(express, metrics, topic=settings.topics.express.name, seconds=time.monotonic)


async def _requests_group(stack: AsyncExitStack, settings: Settings, database: Database) -> WatchedGroup:
    """Return the readers of `requests`, whose offsets count as the database has them."""
    connected = KafkaConsumerOffsets.connect(settings.kafka, settings.requests_group, [settings.topics.requests.name])
    return WatchedGroup(await stack.enter_async_context(connected), stored=MariaIntakeOffsets(database))
