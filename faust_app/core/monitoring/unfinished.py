"""How many images are scheduled, queued, lost or failed, and which of them need attention."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.messages.positions import Offsets, PartitionOffsets, Position, TopicPartition

OVERDUE: Final = timedelta(seconds=60)
"""A row that has been due for longer than this means that no due publisher runs."""
PAST_END_AFTER: Final = timedelta(seconds=30)
"""A position past the log's end for this long is lost: the topic was recreated. A live log can show one once, between two reads."""


class UnfinishedState(StrEnum):
    """The state of an unfinished image."""

    SCHEDULED = "scheduled"  #: it has a time, at which it is published
    QUEUED = "queued"  #: its event is in Kafka or held by a worker
    LOST = "lost"  #: its event was consumed, or is gone, without an outcome


def classify_unfinished(row: ImageRow, offsets: Offsets, *, past_end_before: bool = False) -> UnfinishedState:
    """Return the state of an unfinished row.

    `past_end_before` means that its position was past the log's end PAST_END_AFTER ago or more.
    """
    if row.scheduled_at is not None:
        return UnfinishedState.SCHEDULED
    if row.position is None:
        return UnfinishedState.LOST
    partition = offsets.get((row.position.topic, row.position.partition))
    if partition is None or _was_consumed(row.position, partition) or _has_expired(row.position, partition):
        return UnfinishedState.LOST
    if is_past_end(row.position, partition) and past_end_before:
        return UnfinishedState.LOST
    return UnfinishedState.QUEUED


def is_past_end(position: Position, partition: PartitionOffsets) -> bool:
    """Return whether the log ends before the position: the topic was recreated, or the end was read too early."""
    return partition.end is not None and position.offset >= partition.end


def is_overdue(row: ImageRow, now: datetime) -> bool:
    """Return whether the row's time passed so long ago that no due publisher can be running."""
    return row.scheduled_at is not None and now - row.scheduled_at >= OVERDUE


def _was_consumed(position: Position, partition: PartitionOffsets) -> bool:
    return partition.committed is not None and position.offset < partition.committed


def _has_expired(position: Position, partition: PartitionOffsets) -> bool:
    return position.offset < partition.start


def lost_below(partition: PartitionOffsets) -> int:
    """Return the offset below which every unfinished row of the partition is lost."""
    return max(partition.start, partition.committed if partition.committed is not None else 0)


_BY_REASON: Final = {
    ScheduleReason.UNSENT: "The request is accepted; Kafka has not acknowledged its event.",
    ScheduleReason.RETRY: "The last try failed; the image is tried again when due.",
    ScheduleReason.DEFERRED: "The source is given time, and nothing is counted against the image.",
    ScheduleReason.DISPATCHED: "The source answers again; the image is being published.",
    ScheduleReason.RESCUED: "The event left no outcome; it is published again.",
    ScheduleReason.RUNNING: "A worker fetches the image; should the worker die, the event is published again when due.",
    ScheduleReason.REPUBLISHED: "The image is fetched once more when due.",
}

MAX_LISTED: Final = 200
"""Most rows that are listed of each kind."""


class Kind(StrEnum):
    """The kinds of rows that can be listed."""

    STALLED = "stalled"  #: in progress for too long, or lost
    LOST = "lost"  #: their event was consumed, or is gone, without an outcome
    SCHEDULED = "scheduled"  #: they have a time, at which they are published
    OVERDUE = "overdue"  #: their time passed a minute ago or more, and they were not published
    QUEUED = "queued"  #: their event is in Kafka or held by a worker
    FAILED = "failed"  #: they need a person


def schedule_reason_text(row: ImageRow) -> str | None:
    """Return why a row waits for its time, in sentences: its reason, and what its last failure said; None if it waits for none."""
    if row.schedule_reason is None:
        return None
    return " ".join(part for part in (_BY_REASON[row.schedule_reason], row.error_detail) if part)


@dataclass(frozen=True, slots=True)
class ScheduledGroup:
    """Images that wait for the same thing: `images` of those that are listed, `next_at` the first of their times (UTC)."""

    host: str | None
    why: str
    images: int
    next_at: datetime | None


def scheduled_groups(rows: Iterable[ImageRow]) -> list[ScheduledGroup]:
    """Return what the rows wait for, and at which host, the most images first."""
    by_cause: dict[tuple[str | None, str], list[ImageRow]] = {}
    for row in rows:
        why = schedule_reason_text(row)
        if why is not None:
            by_cause.setdefault((row.source_host, why), []).append(row)
    groups = [
        ScheduledGroup(host, why, len(alike), min((row.scheduled_at for row in alike if row.scheduled_at), default=None))
        for (host, why), alike in by_cause.items()
    ]
    return sorted(groups, key=lambda wait: -wait.images)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows counted by index; times are UTC. `placed` have a position, `old` have been in progress for too long.

    `lost_young` are the lost rows that are not `old`.
    """

    scheduled: int = 0
    due: int = 0
    overdue: int = 0
    next_due: datetime | None = None
    placed: int = 0
    lost: int = 0
    lost_young: int = 0
    old: int = 0
    oldest_open: datetime | None = None
    failed: int = 0

    @property
    def queued(self) -> int:
        """Rows whose event is in Kafka; off by the rows that moved while the counts were read one after the other."""
        return max(0, self.placed - self.lost)

    @property
    def stalled(self) -> int:
        """Rows in progress for too long and lost rows, each counted once."""
        return self.old + self.lost_young


@dataclass(frozen=True, slots=True)
class StalledReport:
    """The counts and the first rows of each kind at one moment (UTC), of all shops or of `shop_no`."""

    as_of: datetime
    stalled_after: timedelta
    counts: RowCounts
    rows: dict[Kind, tuple[ImageRow, ...]]
    offsets: Offsets
    past_end: frozenset[TopicPartition] = frozenset()
    unconsumed: frozenset[TopicPartition] = frozenset()
    shop_no: int | None = None

    def status(self, row: ImageRow) -> str:
        """Return the state of a listed row: scheduled, queued, lost or failed."""
        if row.state is ImageState.FAILED:
            return Kind.FAILED.value
        place = None if row.position is None else (row.position.topic, row.position.partition)
        if row.scheduled_at is None and place is not None and _was_added(place, self.offsets, self.unconsumed):
            return UnfinishedState.QUEUED.value
        return classify_unfinished(row, self.offsets, past_end_before=place in self.past_end).value

    def listed(self, kind: Kind, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows of the kind, the oldest first where there is an order."""
        return list(self.rows.get(kind, ()))[:limit]


@dataclass(frozen=True, slots=True)
class Positions:
    """A range of offsets in one partition, from `start` to before `end`."""

    place: TopicPartition
    start: int
    end: int


MAX_OFFSET: Final = 2**63 - 1


def lost_where(offsets: Offsets, unconsumed: frozenset[TopicPartition], past_end: frozenset[TopicPartition]) -> list[Positions]:
    """Return the ranges of lost positions.

    The rules of `classify_unfinished`, for all rows at once: below the committed offset or the log's start, past the log's end where
    that was so before, or in a partition that nobody consumes.
    """
    found = [Positions(place, 0, MAX_OFFSET) for place in unconsumed]
    for place, partition in offsets.items():
        below = lost_below(partition)
        if below > 0:
            found.append(Positions(place, 0, below))
        if place in past_end and partition.end is not None:
            found.append(Positions(place, max(below, partition.end), MAX_OFFSET))
    return found


def unconsumed_places(offsets: Offsets, tops: dict[TopicPartition, int]) -> frozenset[TopicPartition]:
    """Return the partitions that rows point to and nobody consumes.

    `tops` are the highest positions of rows in each partition; `offsets` hold every partition that there was after they were read.
    """
    return frozenset(tops.keys() - offsets.keys())


def queued_where(
    offsets: Offsets, tops: dict[TopicPartition, int], unconsumed: frozenset[TopicPartition], past_end: frozenset[TopicPartition]
) -> list[Positions]:
    """Return the ranges of queued positions: all that `lost_where` leaves out, also in partitions that were added since.

    `tops` are the highest positions of rows in each partition.
    """
    found = [Positions(place, 0, MAX_OFFSET) for place in tops if _was_added(place, offsets, unconsumed)]
    for place, partition in offsets.items():
        end = partition.end if place in past_end and partition.end is not None else MAX_OFFSET
        below = lost_below(partition)
        if below <= tops.get(place, -1) and below < end:
            found.append(Positions(place, below, end))
    return found


def _was_added(place: TopicPartition, offsets: Offsets, unconsumed: frozenset[TopicPartition]) -> bool:
    """Return whether the partition was added after the offsets were read: what is in it is queued."""
    return place not in offsets and place not in unconsumed


def past_end_now(offsets: Offsets, tops: dict[TopicPartition, int]) -> frozenset[TopicPartition]:
    """Return the partitions where a row is at or past the log's end, which was read after `tops`."""
    return frozenset(place for place, top in tops.items() if place in offsets and _is_past(top, place, offsets))


def _is_past(top: int, place: TopicPartition, offsets: Offsets) -> bool:
    end = offsets[place].end
    return end is not None and top >= end


def nobody_publishes(before: RowCounts | None, now: RowCounts) -> bool:
    """Return whether the oldest overdue row has not moved since the last sample."""
    return before is not None and min(before.overdue, now.overdue) > 0 and before.next_due == now.next_due
