"""The tasks beside the web server that every process runs, and how often."""

from collections.abc import Awaitable, Callable
from typing import Final

from mode import Service

from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.stream.periodic import Background, Periodic
from faust_app.wiring.common import Parts
from faust_app.wiring.monitoring import Watches

DUE_SECONDS: Final = 1.0
REPUBLISH_SECONDS: Final = 1.0
FAULT_SECONDS: Final = 3.0
HOLDING_SECONDS: Final = 3.0
ALERT_SECONDS: Final = 5.0
REJECTION_SECONDS: Final = 1.0
SAMPLE_SECONDS: Final = 10.0
"""Several a minute, so that another process takes over within the minute."""


def shared_services(parts: Parts, watches: Watches, *, due: Callable[[], Awaitable[object]], republish: LeasedTask[int]) -> list[Service]:
    """Return the tasks that worker and web have in common; `due` is a pass of the process's due publisher."""
    every = parts.settings.snapshot_interval
    return [
        Background(parts.publisher.run),
        Periodic("due publisher", DUE_SECONDS, due),
        Periodic("republish", REPUBLISH_SECONDS, republish.run_pass),
        Periodic("fault reports", FAULT_SECONDS, parts.alerts.run_pass),
        Periodic("alerts", ALERT_SECONDS, parts.send_alerts.run_pass),
        Periodic("what holds images", HOLDING_SECONDS, watches.lag.run_holding),
        Periodic("samples", SAMPLE_SECONDS, watches.samples.run_pass),
        Periodic("lag", every, watches.lag.run_pass),
        Periodic("unfinished images", every, watches.stalled.run_pass),
    ]
