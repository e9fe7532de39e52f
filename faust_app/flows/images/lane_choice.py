"""Chooses the lane of each event that this process publishes, and notes how far express is behind."""

from collections.abc import Callable

import structlog

from faust_app.core.dispatch.express import Express
from faust_app.core.dispatch.lanes import Lane
from faust_app.core.images.routing import lane_of, may_be_express
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import Op
from faust_app.core.monitoring.lag import LagSample
from faust_app.metrics import Metrics

log = structlog.get_logger()


class LaneChoice:
    """The lanes of one process; without `express` everything but retries is bulk. `seconds` is a clock that never goes back."""

    def __init__(self, express: Express | None, metrics: Metrics, *, topic: str, seconds: Callable[[], float]) -> None:
        self._express = express
        self._topic = topic
        self._seconds = seconds
        self._factor = metrics.express_factor
        self._show()

    def choose(self, row: ImageRow) -> Lane:
        """Return the lane of the row's next event, and charge its shop where that is express."""
        if self._express is None or not may_be_express(row):
            return lane_of(row, express=False)
        admitted = self._express.admit(row.shop_no, self._seconds(), delete=row.op is Op.DELETE)
        return lane_of(row, express=admitted)

    def note_sample(self, sample: LagSample) -> None:
        """Shrink express, or let it recover, after a sample of the group that reads it; those of other groups change nothing."""
        lag = sample.of_topic(self._topic)
        if self._express is None or lag is None:
            return
        before = self._express.factor
        self._express.note_lag(lag.seconds, lag.records)
        if self._express.factor != before:
            event = "express lags; shops may send less by it" if self._express.factor < before else "express recovers"
            log.info(event, factor=self._express.factor, lag=lag.records, lag_seconds=round(lag.seconds))
        self._show()

    def _show(self) -> None:
        self._factor.set(0.0 if self._express is None else self._express.factor)
