"""The lanes of a publisher whose test is not about lanes, and of one whose test is."""

from collections.abc import Callable

from faust_app.core.dispatch.express import Allowance, Express
from faust_app.core.messages.topics import Topics
from faust_app.core.operators.rate_limit import Rate
from faust_app.flows.images.lane_choice import LaneChoice
from faust_app.metrics import Metrics

TOPICS = Topics.named("p.")
ALLOWANCE = Allowance(Rate(1.0, 20.0), Rate(50.0, 50.0))
"""As the settings have it by default."""


def all_bulk(metrics: Metrics) -> LaneChoice:
    """Return the lanes without fair shares: whatever is not retried is bulk."""
    return LaneChoice(None, metrics, topic=TOPICS.express.name, seconds=lambda: 0.0)


def fair_lanes(metrics: Metrics, *, seconds: Callable[[], float]) -> LaneChoice:
    """Return the lanes of a process that was just started."""
    return LaneChoice(Express(ALLOWANCE), metrics, topic=TOPICS.express.name, seconds=seconds)
