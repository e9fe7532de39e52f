"""Publishes the events of rows to their lanes, then writes their positions under the lease the rows were claimed with."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.failure import Dependency, RecordRefused, Unavailable
from faust_app.core.images.routing import route_of
from faust_app.core.images.row import ImageRow, event_of
from faust_app.core.messages.events import EVENTS, ImageEvent
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.lane_choice import LaneChoice
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.kafka import EventLog
from faust_app.flows.resilience.breakers import Breakers
from faust_app.metrics import Metrics

log = structlog.get_logger()

MAX_WAITING = 20_000
"""Accepted rows queued for the background publisher; any more are left to the due publisher."""
_ROWS_AT_ONCE = 1000
_Addressed = tuple[ImageRow, Lane | None]
"""A row to be published, and its lane where that is not chosen by what its shop sends."""


class Publisher:
    """Publishes the events of rows. A row that Kafka does not acknowledge keeps its `scheduled_at` and is published again when due.

    After an unacknowledged send, one row at a time is sent as a probe until one is acknowledged: a producer that buffers
    for an unavailable broker would fill its memory again with every lease that expires.
    """

    def __init__(self, event_log: EventLog, repository: ImageRepository, topics: Topics, metrics: Metrics, lanes: LaneChoice) -> None:
        self._log = event_log
        self._repository = repository
        self._topics = topics
        self._metrics = metrics
        self._lanes = lanes
        self._probe = asyncio.Lock()
        self._waiting: asyncio.Queue[_Addressed] = asyncio.Queue(MAX_WAITING)
        self.unavailable = False
        """Whether Kafka did not acknowledge the newest send."""

    async def publish(self, rows: Sequence[ImageRow]) -> int:
        """Publish the rows' events and write their positions; return how many Kafka acknowledged.

        Raises Unavailable when the positions cannot be written; the rows then keep their lease.
        """
        return await self._publish([(row, None) for row in rows])

    async def _publish(self, rows: Sequence[_Addressed]) -> int:
        if not rows:
            return 0
        if self.unavailable:
            if self._probe.locked():  # another caller probes; these rows keep their lease and become due again
                return 0
            async with self._probe:
                if not await self._send(rows[:1]):
                    return 0
            return 1 + await self._send(rows[1:])
        return await self._send(rows)

    def publish_soon(self, rows: Sequence[ImageRow], *, lane: Lane | None = None) -> None:
        """Queue the rows for `run`, in order; those without room, or while Kafka is unavailable, are left to the due publisher.

        With `lane` they take that one, whatever their shops may send by express.
        """
        for row in rows:
            if self.unavailable or self._waiting.full():
                return
            self._waiting.put_nowait((row, lane))

    @property
    def waiting(self) -> int:
        """Number of rows queued for `run`."""
        return self._waiting.qsize()

    async def flush(self) -> None:
        """Wait until `run` has processed every queued row: published, or left to the due publisher."""
        await self._waiting.join()

    async def run(self) -> None:
        """Publish what `publish_soon` queues, forever."""
        while True:
            rows = [await self._waiting.get()]
            while len(rows) < _ROWS_AT_ONCE and not self._waiting.empty():
                rows.append(self._waiting.get_nowait())
            try:
                await self._publish(rows)
            except Unavailable as failure:
                log.warning("positions not written", rows=len(rows), reason=str(failure))
            finally:
                for _ in rows:
                    self._waiting.task_done()

    async def _send(self, rows: Sequence[_Addressed]) -> int:
        results = await self._log.publish([self._message(row, lane) for row, lane in rows])
        published: list[tuple[ImageRow, Position]] = []
        for (row, _), result in zip(rows, results, strict=True):
            if isinstance(result, Position):
                published.append((row, result))
                self._metrics.published.labels(result.topic).inc()
            elif isinstance(result, RecordRefused):
                log.error("kafka refuses an event", shop_no=row.shop_no, version=row.version, reason=str(result))
        self._note(len(rows) - len(published), results)
        await self._repository.mark_published(published)
        return len(published)

    def _note(self, failed: int, results: Sequence[Position | Unavailable | RecordRefused]) -> None:
        unavailable = bool(results) and isinstance(results[-1], Unavailable)
        self._metrics.publish_failures.inc(failed)
        if unavailable and not self.unavailable:
            log.warning("kafka does not acknowledge; rows stay scheduled and are sent again", unsent=failed, reason=str(results[-1]))
        elif self.unavailable and results and not unavailable:
            log.info("kafka acknowledges again")
        self.unavailable = unavailable if results else self.unavailable

    def _message(self, row: ImageRow, lane: Lane | None) -> Message:
        target = route_of(row, self._topics, lane or self._lanes.choose(row))
        return Message(target.topic, event_json(event_of(row)), target.key)


def event_json(event: ImageEvent) -> bytes:
    """Return the event as a record's value."""
    return EVENTS.dump_json(event, exclude_none=True)


DUE_AT_ONCE: Final = 500
"""Rows per claim."""


class DuePublisher:
    """Each pass leases due rows and publishes them. Any number may run at once: each claims different rows."""

    def __init__(self, repository: ImageRepository, publisher: Publisher, *, lease: timedelta) -> None:
        self._repository = repository
        self._publisher = publisher
        self._lease = lease

    async def run_pass(self) -> int:
        """Publish everything due; return how many rows. Raises Unavailable.

        A full claim is followed at once by the next. While Kafka is unavailable, a pass sends one row as a probe.
        """
        published = 0
        while True:
            # Lease before publish: the claim is committed first, so a crash in between leaves the rows due again.
            claimed = await self._repository.claim_due(1 if self._publisher.unavailable else DUE_AT_ONCE, self._lease)
            sent = await self._publisher.publish(claimed)
            published += sent
            if sent < DUE_AT_ONCE:
                return published


class GuardedDuePublisher:
    """Publishes due rows in a worker, whose breakers learn of an outage at once."""

    def __init__(self, due: DuePublisher, publisher: Publisher, breakers: Breakers) -> None:
        self._due = due
        self._publisher = publisher
        self._breakers = breakers

    async def run_pass(self) -> int:
        """Run a pass of the due publisher; return how many rows it published. Raises Unavailable."""
        try:
            published = await self._due.run_pass()
        except Unavailable as failure:
            await self._breakers.failed(failure)
            raise
        if self._publisher.unavailable:
            await self._breakers.failed(Unavailable(Dependency.KAFKA, "Kafka acknowledged nothing."))
        return published
