"""The maintenance tasks: one worker at a time runs each, under a lease or under the day's row of its job."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.garbage import MariaCollectorRow, MariaGarbageRepository
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.image_queries import MariaImageFolders, MariaOpenImages
from faust_app.adapters.mariadb.outcome_counts import MariaOutcomeCounts
from faust_app.adapters.mariadb.retention import MariaHistoryMonths, MariaOldRows
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.unfinished_images import MariaUnfinishedRows
from faust_app.core.maintenance.daily_report import DAILY_CHECK
from faust_app.core.maintenance.retention import LIMITS
from faust_app.core.text import Place
from faust_app.flows.causes.suspect import SuspectReleases
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.maintenance.audit_bucket import BucketAudit
from faust_app.flows.maintenance.collect_garbage import GarbageCollector
from faust_app.flows.maintenance.daily_check import DailyCheck
from faust_app.flows.maintenance.daily_job import Body, Daily, DailyJob
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.maintenance.rescue import Rescue
from faust_app.flows.maintenance.retention import KeepLimits
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.settings import Settings
from faust_app.wiring.common import Parts, release_lease
from faust_app.wiring.republish import republish_task


def daily_check(settings: Settings, database: Database, offsets: ConsumerOffsets, place: Place) -> DailyCheck:
    """Return the daily check."""
    has_messenger = settings.alert_webhook_url is not None
    return DailyCheck(MariaOpenImages(database), offsets, place, has_messenger=has_messenger, all_well=settings.daily_all_well)


@dataclass(frozen=True, slots=True)
class MaintenanceTasks:
    """The maintenance tasks that run once across all workers; the daily jobs hold the lease of their run."""

    collector: LeasedTask[int]
    audit: LeasedTask[int]
    rescue: LeasedTask[int]
    republish: LeasedTask[int]
    suspect: LeasedTask[int]
    daily_check: DailyJob
    limits: DailyJob

    async def give_up(self) -> None:
        """Release the leases, so that other workers can take over at once."""
        leased = {
            "collector": self.collector,
            "audit": self.audit,
            "rescue": self.rescue,
            "republish": self.republish,
            "suspect": self.suspect,
        }
        await asyncio.gather(*(release_lease(task, runner.release) for task, runner in leased.items()))


def maintenance_tasks(parts: Parts, dead_letters: DeadLetters) -> MaintenanceTasks:
    """Assemble the maintenance tasks."""
    garbage, row = MariaGarbageRepository(parts.database), MariaCollectorRow(parts.database)
    collector = GarbageCollector(
        garbage=garbage, row=row, rows=parts.repository, store=parts.store, alerts=parts.alerts, metrics=parts.metrics
    )
    audit = BucketAudit(garbage, row, MariaImageFolders(parts.database), parts.store, parts.metrics, clock=parts.database)
    rescue = Rescue(
        repository=parts.repository,
        clock=parts.database,
        unfinished=MariaUnfinishedRows(parts.database),
        offsets=parts.offsets,
        dead_letters=dead_letters,
        alerts=parts.alerts,
        metrics=parts.metrics,
    )
    suspect = SuspectReleases(MariaOutcomeCounts(parts.database), MariaSuspicions(parts.database), parts.alerts, clock=parts.database)
    runner = partial(LeasedTask[int], leases=parts.leases, holder=parts.process, metrics=parts.metrics)
    return MaintenanceTasks(
        collector=runner("collector", collector.run_pass, stand_down=collector.stand_down),
        audit=runner("audit", audit.run_part),
        rescue=runner("rescue", rescue.run_pass, stand_down=rescue.stand_down),
        republish=republish_task(parts),
        suspect=runner("suspect", suspect.run_pass, stand_down=suspect.stand_down),
        daily_check=_daily_job(parts, DAILY_CHECK, daily_check(parts.settings, parts.database, parts.offsets, parts.place).run),
        limits=_daily_job(parts, LIMITS, _limits(parts).run),
    )


def _limits(parts: Parts) -> KeepLimits:
    months, rows, sizes = MariaHistoryMonths(parts.database), MariaOldRows(parts.database), MariaTableSizes(parts.database)
    return KeepLimits(months, rows, sizes, parts.metrics, results_kept=timedelta(days=parts.settings.results_kept_days))


def _daily_job(parts: Parts, name: str, body: Body) -> DailyJob:
    daily = Daily(parts.settings.zone, parts.settings.daily_time, parts.process)
    return DailyJob(name, body, parts.job_runs, daily, parts.metrics, clock=parts.database)
