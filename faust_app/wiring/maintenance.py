"""Assembles the maintenance tasks, each of which runs in one worker at a time, under its lease."""

import asyncio
from dataclasses import dataclass
from functools import partial

from faust_app.adapters.mariadb.collector_row import MariaCollectorRow
from faust_app.adapters.mariadb.garbage import MariaGarbageRepository
from faust_app.adapters.mariadb.image_queries import MariaImageFolders
from faust_app.adapters.mariadb.unfinished_rows import MariaUnfinishedRows
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.maintenance.audit_bucket import BucketAudit
from faust_app.flows.maintenance.collect_garbage import GarbageCollector
from faust_app.flows.maintenance.daily_job import OnceADay
from faust_app.flows.maintenance.lease import SingleRunner
from faust_app.flows.maintenance.rescue import Rescue
from faust_app.wiring.common import Parts, give_up_duty
from faust_app.wiring.daily import daily_check_job, limits_job


@dataclass(frozen=True, slots=True)
class SingleDuties:
    """The maintenance tasks that run once across all workers; the daily jobs hold the lease of their run."""

    collector: SingleRunner[int]
    audit: SingleRunner[int]
    rescue: SingleRunner[int]
    daily_check: OnceADay
    limits: OnceADay

    async def give_up(self) -> None:
        """Release the leases, so that other workers can take over at once."""
        leased = {"collector": self.collector, "audit": self.audit, "rescue": self.rescue}
        await asyncio.gather(*(give_up_duty(duty, runner.release) for duty, runner in leased.items()))


def single_duties(parts: Parts, dead_letters: DeadLetters) -> SingleDuties:
    """Assemble the maintenance tasks."""
    garbage, row = MariaGarbageRepository(parts.database), MariaCollectorRow(parts.database)
    collector = GarbageCollector(
        garbage=garbage, row=row, rows=parts.repository, store=parts.store, alerts=parts.alerts, metrics=parts.metrics
    )
    audit = BucketAudit(garbage, row, MariaImageFolders(parts.database), parts.store, parts.metrics)
    rescue = Rescue(
        repository=parts.repository,
        unfinished=MariaUnfinishedRows(parts.database),
        offsets=parts.offsets,
        dead_letters=dead_letters,
        alerts=parts.alerts,
        metrics=parts.metrics,
    )
    runner = partial(SingleRunner[int], leases=parts.leases, holder=parts.process, metrics=parts.metrics)
    return SingleDuties(
        collector=runner("collector", collector.run_pass, stand_down=collector.stand_down),
        audit=runner("audit", audit.run_part),
        rescue=runner("rescue", rescue.run_pass, stand_down=rescue.stand_down),
        daily_check=daily_check_job(parts.settings, parts.database, parts.offsets, parts.metrics, holder=parts.process),
        limits=limits_job(parts.settings, parts.database, parts.metrics, holder=parts.process),
    )
