"""Keeps what HTTP refused, beside the answers: a flood of bad requests costs the database a bounded number of rows."""

from collections import deque
from typing import Final

import structlog

from faust_app.core.messages.rejection import Rejection
from faust_app.flows.ports.rejections import Rejections
from faust_app.metrics import Metrics

log = structlog.get_logger()

KEPT_A_PASS: Final = 200
"""Rejections kept of one pass; the rest are counted. The sender has its answer either way."""


class RejectionBuffer:
    """Collects rejections between passes. What is collected when the process is killed is lost; the sender was answered."""

    def __init__(self, rejections: Rejections, metrics: Metrics) -> None:
        self._rejections = rejections
        self._metrics = metrics
        self._waiting: deque[Rejection] = deque()

    def add(self, rejection: Rejection) -> None:
        """Keep the rejection with the next pass, or count it when there are too many. Never blocks, never raises."""
        if len(self._waiting) < KEPT_A_PASS:
            self._waiting.append(rejection)
        else:
            self._metrics.rejections_not_kept.inc()

    async def run_pass(self) -> int:
        """Store what was collected; return how many. Raises Unavailable; then they are stored by a later pass."""
        group = list(self._waiting)
        if group:
            await self._rejections.add(group)
            for _ in group:
                self._waiting.popleft()
        return len(group)
