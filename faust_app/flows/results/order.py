"""Results that transactions have committed are given their positions."""

from typing import Final

from faust_app.flows.ports.results import Results
from faust_app.flows.results.pass_of_steps import pass_of_steps
from faust_app.metrics import Metrics

ORDERED_AT_ONCE: Final = 1000
"""Results per transaction."""


class OrderResults:
    """Moves results from the outbox to their places in the feed. Runs without Kafka; two at once take turns."""

    def __init__(self, results: Results, metrics: Metrics) -> None:
        self._results = results
        self._metrics = metrics

    async def run_pass(self) -> int:
        """Order results for seconds; return how many. Raises Unavailable."""
        return await pass_of_steps(self.step, ORDERED_AT_ONCE)

    async def step(self) -> int:
        """Order what is committed, up to ORDERED_AT_ONCE; return how many. Raises Unavailable."""
        ordered = await self._results.order(ORDERED_AT_ONCE)
        self._metrics.results_ordered.inc(ordered)
        return ordered
