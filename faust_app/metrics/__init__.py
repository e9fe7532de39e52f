"""Every Prometheus metric: its name, labels and help. `docs/reference/metrics.md` is tested against this package.

The values of each label are a closed set, or bounded by the installation itself (topics, tables, tokens), so that a page costs the
same whatever was seen: hosts are no labels, and of shops only the 20 that use most slots are.
"""

from prometheus_client import CollectorRegistry, disable_created_metrics

from faust_app.metrics.access import AccessMetrics
from faust_app.metrics.alerts import AlertMetrics
from faust_app.metrics.dependencies import DependencyMetrics
from faust_app.metrics.events import EventMetrics
from faust_app.metrics.fairness import FairnessMetrics
from faust_app.metrics.feed import FeedMetrics
from faust_app.metrics.intake import IntakeMetrics
from faust_app.metrics.lag import LagMetrics
from faust_app.metrics.maintenance import MaintenanceMetrics
from faust_app.metrics.process import ProcessMetrics
from faust_app.metrics.results import ResultMetrics

__all__ = ["Metrics"]

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began is a third of the page, and nobody asks


class Metrics(
    IntakeMetrics, EventMetrics, DependencyMetrics, LagMetrics, FairnessMetrics, MaintenanceMetrics, AccessMetrics, FeedMetrics,
    AlertMetrics, ProcessMetrics, ResultMetrics,
):  # fmt: skip
    """The metrics of one process, on their own registry, so that several sets can exist in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._add_intake(self.registry)
        self._add_results(self.registry)
        self._add_events(self.registry)
        self._add_dependencies(self.registry)
        self._add_lag(self.registry)
        self._add_fairness(self.registry)
        self._add_maintenance(self.registry)
        self._add_access(self.registry)
        self._add_feed(self.registry)
        self._add_alerts(self.registry)
        self._add_process(self.registry)
