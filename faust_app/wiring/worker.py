"""What only a worker has, assembled on what every process has."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.metadata import stripped
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.adapters.mariadb.test_fetches import MariaTestFetches
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.slot_limit import SlotLimit
from faust_app.core.images.retry import Backoff
from faust_app.flows.controls.lane_pauses import LanePauses
from faust_app.flows.controls.resumed_shops import ResumedShops
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.flows.images.consume_requests import TakeRequests
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.executor import Executor, Rules
from faust_app.flows.images.publish import GuardedDuePublisher
from faust_app.flows.images.settle import Settler
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.monitoring.fairness import ReportFairness
from faust_app.flows.monitoring.readiness import WorkerReadiness
from faust_app.flows.ports.transfer import Fetcher
from faust_app.flows.reports.test_fetch import RunTestFetches
from faust_app.flows.resilience.deferral import Deferral
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.requests import RequestsReader
from faust_app.stream.windows import Held, PartitionControl, Windows
from faust_app.wiring.common import Parts
from faust_app.wiring.controls import lane_pauses, shares_of_topics, shop_limits
from faust_app.wiring.maintenance import MaintenanceTasks, maintenance_tasks
from faust_app.wiring.monitoring import Watches, build_watches
from faust_app.wiring.resilience import Resilience, build_resilience, jitter


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The flows of a worker."""

    fetcher: Fetcher
    resilience: Resilience
    executor: Executor
    dispatcher: Dispatcher
    slots: SlotLimit
    requests_reader: RequestsReader
    due: GuardedDuePublisher
    maintenance: MaintenanceTasks
    readiness: WorkerReadiness
    lanes: LanePauses
    shops: ShopLimitsBook
    resumed: ResumedShops
    watches: Watches
    fairness: ReportFairness
    test_fetches: RunTestFetches


@asynccontextmanager
async def open_worker_parts(
    parts: Parts, control: PartitionControl, fail: Callable[[BaseException], None], *, port: int
) -> AsyncIterator[WorkerParts]:
    """Assemble what only a worker needs.

    The dispatcher pauses partitions by `control`, and calls `fail` with an error that leaves its handler. `port` is that of
    the worker's web views, and part of its name.
    """
    settings = parts.settings
    windows = Windows(control, ahead=settings.read_ahead, ahead_per_partition=settings.read_ahead_per_partition)
    held = HeldEvents(lambda: windows.held_in_all)
    resumed = ResumedShops(Deferral(parts.repository, jitter))
    shops = shop_limits(parts, changed=held.release, paused=resumed.now_paused)
    slots = SlotLimit(settings.slots)
    pace = SourcePace(slots.slots, settings.limits_of_hosts, shops.limits)
    name = settings.worker_name or f"{socket.gethostname()}:{port}"
    dead_letters = DeadLetters(parts.event_log, parts.metrics, topic=parts.topics.dead_letter.name, group=settings.app_id)
    checking = CheckPool(settings.image_check_level, settings.image_check_processes, parts.metrics)
    async with HttpFetcher(settings, parts.metrics) as fetcher, checking as check:
        resilience = build_resilience(parts, fetcher, pace, held, name=name)
        strip = stripped if settings.strip_metadata else None
        transfer = Transfer(fetcher, check, parts.store, pace, parts.metrics, slots=slots, strip=strip)
        lanes = lane_pauses(parts, changed=held.release)
        await shops.start()
        executor = _executor(parts, transfer, dead_letters, resilience)
        scheduler = Scheduler[Held](pace, fair=settings.fair_shares)
        dispatcher = Dispatcher(
            executor, windows, control, held, fail,
            may_start=resilience.gate.may_start, is_paused=lanes.is_paused, scheduler=scheduler,
            shares=shares_of_topics(parts.topics), slots=lambda: slots.slots, grace=settings.drain_grace,
        )  # fmt: skip
        maintenance = maintenance_tasks(parts, dead_letters)
        tests = RunTestFetches(MariaTestFetches(parts.database), fetcher, check, worker=name, may_start=resilience.gate.is_open)
        breakers, gate = resilience.breakers, resilience.gate

        def holding() -> list[str]:
            return [*gate.reasons(), *lanes.reasons()]

        try:
            yield WorkerParts(
                fetcher=fetcher,
                resilience=resilience,
                executor=executor,
                dispatcher=dispatcher,
                slots=slots,
                requests_reader=_requests_reader(parts, dead_letters, shops, is_busy=lambda: dispatcher.running > 0),
                due=GuardedDuePublisher(parts.due, parts.publisher, breakers),
                maintenance=maintenance,
                readiness=WorkerReadiness(parts.database, parts.store, parts.publisher, breakers, gate),
                lanes=lanes,
                shops=shops,
                resumed=resumed,
                watches=build_watches(parts, held_here=holding, is_paused=lanes.is_paused),
                fairness=ReportFairness(resilience.register, parts.metrics, dispatcher.fairness),
                test_fetches=tests,
            )
        finally:
            await tests.stop()
            await maintenance.give_up()
            await breakers.stop()


def _executor(parts: Parts, transfer: Transfer, dead_letters: DeadLetters, resilience: Resilience) -> Executor:
    settings, breakers, internal_errors = parts.settings, resilience.breakers, resilience.internal_errors
    grace = timedelta(seconds=settings.replaced_grace)
    return Executor(
        repository=parts.repository,
        transfer=transfer,
        settler=Settler(parts.repository, dead_letters, breakers, internal_errors, parts.metrics, grace=grace),
        sources=resilience.sources,
        internal_errors=internal_errors,
        breakers=breakers,
        metrics=parts.metrics,
        rules=Rules(settings.event_deadline, Backoff(settings.retry_delays), jitter),
    )


def _requests_reader(parts: Parts, dead_letters: DeadLetters, shops: ShopLimitsBook, *, is_busy: Callable[[], bool]) -> RequestsReader:
    settings = parts.settings
    take = TakeRequests(
        parts.repository,
        parts.intake,
        dead_letters,
        parts.event_log,
        clock=parts.database,
        pause_of=shops.pause_of,
        group=settings.requests_group,
        lease=timedelta(seconds=settings.publish_lease),
    )
    return RequestsReader(
        take,
        kafka=settings.kafka,
        topic=parts.topics.requests.name,
        group=settings.requests_group,
        session_timeout=settings.session_timeout,
        is_busy=is_busy,
    )
