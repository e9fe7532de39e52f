"""Results are published in their order, each at least once."""

from collections.abc import Sequence
from typing import Final

import structlog

from faust_app.core.failure import RecordRefused, Unavailable
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.core.results.body import record_key, record_value
from faust_app.core.results.result import Positioned
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.kafka import EventLog
from faust_app.flows.ports.results import Results
from faust_app.flows.results.pass_of_steps import pass_of_steps
from faust_app.metrics import Metrics

log = structlog.get_logger()

PUBLISHED_AT_ONCE: Final = 1000
"""Results that wait for their acknowledgements together."""

Sent = Position | Unavailable | RecordRefused


class PublishResults:
    """Publishes what is ordered, and records how far Kafka has acknowledged all of it.

    After a result that is not acknowledged, it and all behind it are sent again, in order: a record may come twice, but the
    last one of an image is its newest. Risk: a frozen process that wakes up after another has taken over may send old results
    behind newer ones; each has its position, by which a reader leaves out what is older.
    """

    def __init__(
        self, results: Results, event_log: EventLog, metrics: Metrics, *, clock: Clock, topic: str, public_base_url: str | None
    ) -> None:
        self._results = results
        self._log = event_log
        self._metrics = metrics
        self._clock = clock
        self._topic = topic
        self._public_base_url = public_base_url
        self._unavailable = False

    async def run_pass(self) -> int:
        """Publish results for seconds; return how many. Raises Unavailable, also when Kafka does not acknowledge the next one."""
        await self._measure()
        return await pass_of_steps(self.step, PUBLISHED_AT_ONCE)

    async def step(self) -> int:
        """Publish the next results, up to PUBLISHED_AT_ONCE; return how many Kafka acknowledged without a gap. Raises Unavailable.

        While Kafka is unavailable one result is sent as a probe: a producer that buffers for it would fill its memory.
        """
        found = await self._results.unpublished(1 if self._unavailable else PUBLISHED_AT_ONCE)
        if not found.rows:
            return 0
        sent = await self._log.publish([self._message(row) for row in found.rows])
        done = _acknowledged(sent)
        refused = self._log_refused(found.rows[:done], sent)
        if done:
            await self._results.mark_published(found.published, found.rows[done - 1].position, done)
            self._metrics.results_published.inc(done - refused)
        failed = sent[done] if done < len(sent) else None
        self._unavailable = failed is not None
        if isinstance(failed, Unavailable):
            raise failed
        return done

    def stand_down(self) -> None:
        """Withdraw the gauges: another process measures."""
        self._metrics.results_waiting.set(0)
        self._metrics.results_oldest_seconds.set(0)

    async def _measure(self) -> None:
        backlog = await self._results.backlog()
        self._metrics.results_waiting.set(backlog.waiting)
        age = 0.0 if backlog.oldest is None else (await self._clock.now() - backlog.oldest).total_seconds()
        self._metrics.results_oldest_seconds.set(max(0.0, age))

    def _message(self, row: Positioned) -> Message:
        return Message(self._topic, record_value(row, self._public_base_url), record_key(row))

    def _log_refused(self, rows: Sequence[Positioned], sent: Sequence[Sent]) -> int:
        """Log the results that Kafka refuses for good, and return how many: they hold up no other result, and are in the feed."""
        refused = [(row, result) for row, result in zip(rows, sent, strict=False) if isinstance(result, RecordRefused)]
        for row, result in refused:
            log.error("kafka refuses a result", shop_no=row.shop_no, position=row.position, reason=str(result))
        self._metrics.results_refused.inc(len(refused))
        return len(refused)


def _acknowledged(sent: Sequence[Sent]) -> int:
    """Return how many of the first results are acknowledged, or refused for good, before one that may be sent again."""
    return next((number for number, result in enumerate(sent) if isinstance(result, Unavailable)), len(sent))
