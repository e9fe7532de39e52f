"""Which images are unfinished, and which of them need attention: counted and listed again and again.

What was committed is read before the rows, so what stands below it is lost. The log ends are read between the highest
positions and the rows: a place counts as ended only where it was so in samples half a minute apart, which no order between
two reads of a living log brings about.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import inf, nan
from typing import Final

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.positions import Offsets, TopicPartition, with_ends
from faust_app.core.monitoring.unfinished import (
    MAX_LISTED,
    PAST_END_AFTER,
    Kind,
    RowCounts,
    StalledReport,
    is_overdue,
    lost_where,
    nobody_publishes,
    past_end_now,
    queued_where,
    unconsumed_places,
)
from faust_app.flows.monitoring.lag import STALE_SECONDS
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import StalledRows
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.metrics import Metrics

COUNT_SECONDS: Final = 20.0
"""Seconds a sample may take; a frozen database answers neither yes nor no."""


class WatchStalled:
    """Samples all rows, and on demand those of one shop.

    `held_by` returns what is known to hold up the installation: meanwhile no image counts as late. `seconds` counts them in
    this process.
    """

    def __init__(
        self,
        rows: StalledRows,
        offsets: ConsumerOffsets,
        alerts: Alerts,
        metrics: Metrics,
        *,
        clock: Clock,
        stalled_after: timedelta,
        held_by: Callable[[], Sequence[str]],
        seconds: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._clock = clock
        self._offsets = offsets
        self._alerts = alerts
        self._metrics = metrics
        self._stalled_after = stalled_after
        self._held_by = held_by
        self._seconds = seconds
        self._sampled_at = -inf
        self._one_shop_at_a_time = asyncio.Lock()
        self._committed: Offsets = {}
        self._unconsumed: frozenset[TopicPartition] = frozenset()
        self._past_end: dict[TopicPartition, datetime] = {}
        self.report: StalledReport | None = None
        """The last sample of all rows; None before the first."""
        metrics.snapshot_age.labels("stalled").set_function(lambda: self.age)

    def held_by(self) -> tuple[str, ...]:
        """Return what is known to hold up the installation."""
        return tuple(self._held_by())

    @property
    def age(self) -> float:
        """Seconds since the last sample of all rows; endless before the first."""
        return self._seconds() - self._sampled_at

    async def run_pass(self) -> None:
        """Sample all rows. Raises Unavailable; the last report then stays, and metrics show none that is stale."""
        if self.age >= STALE_SECONDS:
            self._metrics.unfinished.clear()
            self._metrics.oldest_open.set(nan)
        async with _patience():
            committed = await self._offsets.committed()
            tops = await self._rows.tops()
            ends = await self._offsets.ends()
            self._committed = with_ends(committed, ends)
            self._unconsumed = unconsumed_places(self._committed, tops)
            report = await self._sample(tops, None)
        self._track_past_end(report.as_of, past_end_now(self._committed, tops))
        self._publish(self.report, report)
        self.report = report
        self._sampled_at = self._seconds()

    async def of_shop(self, shop_no: int) -> StalledReport | None:
        """Sample the rows of one shop now; None for an unknown shop. Raises Unavailable.

        Many may ask at once: they are answered one by one, with one connection to the database. Offsets and partitions are those
        seen last: before the rows are read, which is the order that the rules need.
        """
        async with _patience(), self._one_shop_at_a_time:
            if not await self._rows.knows_shop(shop_no):
                return None
            return await self._sample(await self._rows.tops(), shop_no)

    async def _sample(self, tops: dict[TopicPartition, int], shop_no: int | None) -> StalledReport:
        offsets, unconsumed, past_end_since = self._committed, self._unconsumed, self._past_end
        as_of = await self._clock.now()
        counts = await self._rows.counts(as_of, self._stalled_after, shop_no)
        past_end = frozenset(place for place, since in past_end_since.items() if as_of - since >= PAST_END_AFTER)
        old_until = as_of - self._stalled_after
        where = lost_where(offsets, unconsumed, past_end) if offsets else []
        counts, lost = await self._rows.lost(where, counts, old_until, shop_no, MAX_LISTED)
        old = await self._rows.old(old_until, shop_no, MAX_LISTED) if counts.old else []
        scheduled = await self._rows.scheduled(shop_no, MAX_LISTED) if counts.scheduled else []
        queued_in = queued_where(offsets, tops, unconsumed, past_end)
        queued = await self._rows.queued(queued_in, shop_no, MAX_LISTED) if counts.placed else []
        failed = await self._rows.failed(shop_no, MAX_LISTED) if counts.failed else []
        rows = {
            Kind.STALLED: _oldest_first({row.key: row for row in [*old, *lost]}.values()),
            Kind.LOST: _oldest_first(lost),
            Kind.SCHEDULED: tuple(scheduled),
            Kind.OVERDUE: tuple(row for row in scheduled if is_overdue(row, as_of)),
            Kind.QUEUED: tuple(queued),
            Kind.FAILED: tuple(failed),
        }
        return StalledReport(as_of, self._stalled_after, counts, rows, offsets, past_end, unconsumed, shop_no)

    def _track_past_end(self, now: datetime, places: frozenset[TopicPartition]) -> None:
        self._past_end = {place: self._past_end.get(place, now) for place in places}

    def _publish(self, before: StalledReport | None, report: StalledReport) -> None:
        counts = report.counts
        for kind, count in counts_by_kind(counts).items():
            self._metrics.unfinished.labels(kind.value).set(count)
        self._metrics.oldest_open.set(oldest_open_seconds(report))
        if nobody_publishes(None if before is None else before.counts, counts) and not self._held_by():
            detail = f"{counts.overdue} images are due for over a minute and nobody publishes them."
            self._alerts.open(FaultKind.LATE_JOBS, detail=detail, waiting=counts.overdue)
        elif not counts.overdue or self._held_by():
            self._alerts.close(FaultKind.LATE_JOBS)


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Bound how long a sample may take. Raises Unavailable."""
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            yield
    except TimeoutError as error:
        raise Unavailable(Dependency.DATABASE, f"The unfinished rows were not counted within {COUNT_SECONDS:.0f} s.") from error


def counts_by_kind(counts: RowCounts) -> dict[Kind, int]:
    """Return the counts by what rows are listed by."""
    return {
        Kind.STALLED: counts.stalled,
        Kind.LOST: counts.lost,
        Kind.SCHEDULED: counts.scheduled,
        Kind.OVERDUE: counts.overdue,
        Kind.QUEUED: counts.queued,
        Kind.FAILED: counts.failed,
    }


def oldest_open_seconds(report: StalledReport) -> float:
    """Return for how long the oldest unfinished image is open; 0 where there is none."""
    oldest = report.counts.oldest_open
    return 0.0 if oldest is None else max(0.0, (report.as_of - oldest).total_seconds())


def _oldest_first(rows: Iterable[ImageRow]) -> tuple[ImageRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.open_since or row.requested_at)[:MAX_LISTED])
