"""Bulk republish: its control for whoever operates, and its runner for the process that holds the lease."""

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.republish_items import MariaRepublishItems
from faust_app.adapters.mariadb.republish_runs import MariaRepublishRuns
from faust_app.core.sources.addresses import parse_opened, parse_ports
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.flows.republish.control import FetchRules, RepublishControl
from faust_app.flows.republish.run import RepublishRunner
from faust_app.settings import Settings
from faust_app.wiring.common import Parts


def republish_control(settings: Settings, database: Database, offsets: ConsumerOffsets, author: Author) -> RepublishControl:
    """Return what plans and controls runs."""
    rules = FetchRules(parse_opened(settings.source_allow or ""), parse_ports(settings.source_ports), settings.max_image_bytes)
    items = MariaRepublishItems(database, author)
    return RepublishControl(MariaRepublishRuns(database), items, offsets, rules, clock=database)


def republish_runs(database: Database) -> RepublishRuns:
    """Return what lists the runs."""
    return MariaRepublishRuns(database)


def republish_task(parts: Parts) -> LeasedTask[int]:
    """Return the task that carries out the runs, in one process at a time, be it a worker or web."""
    runner = RepublishRunner(
        MariaRepublishRuns(parts.database),
        MariaRepublishItems(parts.database, parts.author),
        parts.offsets,
        parts.metrics,
        clock=parts.database,
        place=parts.place,
        has_messenger=parts.settings.alert_webhook_url is not None,
    )
    return LeasedTask(
        "republish", runner.run_pass, leases=parts.leases, holder=parts.process, metrics=parts.metrics, stand_down=runner.stand_down
    )
