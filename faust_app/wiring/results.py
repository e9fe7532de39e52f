"""The tasks by which results reach the topic and the feed, in one process at a time."""

from dataclasses import dataclass
from functools import partial

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.result_feed import MariaResults
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.ports.kafka import EventLog
from faust_app.flows.ports.maintenance import Leases
from faust_app.flows.results.order import OrderResults
from faust_app.flows.results.publish import PublishResults
from faust_app.metrics import Metrics
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class ResultTasks:
    """Ordering and publishing, each under a lease of its own: ordering needs no Kafka, so the feed goes on while Kafka is away."""

    order: LeasedTask[int]
    publish: LeasedTask[int]


def result_tasks(
    settings: Settings, database: Database, event_log: EventLog, metrics: Metrics, *, leases: Leases, holder: str
) -> ResultTasks:
    """Assemble the tasks."""
    results = MariaResults(database)
    publish = PublishResults(
        results, event_log, metrics, clock=database, topic=settings.topics.results.name, public_base_url=settings.public_base_url
    )
    task = partial(LeasedTask[int], leases=leases, holder=holder, metrics=metrics)
    return ResultTasks(
        order=task("result order", OrderResults(results, metrics).run_pass),
        publish=task("result publisher", publish.run_pass, stand_down=publish.stand_down),
    )
