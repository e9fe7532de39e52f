"""The tasks beside the web server that every process runs, and how often."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from mode import Service

from faust_app.flows.controls.lane_pauses import LanePauses
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.flows.maintenance.lease import LeasedTask
from faust_app.stream.periodic import Background, Periodic
from faust_app.wiring.common import Parts
from faust_app.wiring.monitoring import Watches

DUE_SECONDS: Final = 1.0
CONTROL_SECONDS: Final = 0.5
REPUBLISH_SECONDS: Final = 1.0
RESULT_SECONDS: Final = 1.0
"""From the start of a pass of seconds to that of the next; how often the other processes ask for the lease."""
FEED_SECONDS: Final = 0.25
FAULT_SECONDS: Final = 3.0
HOLDING_SECONDS: Final = 3.0
ALERT_SECONDS: Final = 5.0
REJECTION_SECONDS: Final = 1.0
ROOM_SECONDS: Final = 300.0
FAIRNESS_SECONDS: Final = 5.0
TOKEN_SECONDS: Final = 2.0
SAMPLE_SECONDS: Final = 10.0
"""Several a minute, so that another process takes over within the minute."""


def shared_services(
    parts: Parts,
    watches: Watches,
    lanes: LanePauses,
    shops: ShopLimitsBook,
    *,
    due: Callable[[], Awaitable[object]],
    republish: LeasedTask[int],
) -> list[Service]:
    """Return the tasks that worker and web have in common; `due` is a pass of the process's due publisher."""
    every, periodic = parts.settings.snapshot_interval, partial(Periodic, metrics=parts.metrics)
    return [
        Background(parts.publisher.run),
        periodic("lane pauses", CONTROL_SECONDS, lanes.run_pass),
        periodic("shop limits", CONTROL_SECONDS, shops.run_pass),
        periodic("due publisher", DUE_SECONDS, due),
        periodic("result order", RESULT_SECONDS, parts.results.order.run_pass),
        periodic("result publisher", RESULT_SECONDS, parts.results.publish.run_pass),
        periodic("republish", REPUBLISH_SECONDS, republish.run_pass),
        periodic("fault reports", FAULT_SECONDS, parts.alerts.run_pass),
        periodic("alerts", ALERT_SECONDS, parts.send_alerts.run_pass),
        periodic("what holds images", HOLDING_SECONDS, watches.lag.run_holding),
        periodic("samples", SAMPLE_SECONDS, watches.samples.run_pass),
        periodic("lag", every, watches.lag.run_pass),
        periodic("unfinished images", every, watches.stalled.run_pass),
        periodic("fairness", FAIRNESS_SECONDS, watches.fairness.run_pass),
        periodic("table sizes", ROOM_SECONDS, watches.room.measure_tables),
        periodic("expiring dead letters", ROOM_SECONDS, watches.room.count_expiring),
    ]
