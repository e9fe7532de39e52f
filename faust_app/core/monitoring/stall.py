"""Whether an unfinished image is scheduled, queued or lost: one function of its row and of Kafka's offsets.

The order of reading makes the answer true: committed offsets and log starts first, then the rows, then the log ends. A worker
commits only what it settled, and a settled row no longer has a position; so a row that still has a position below an offset
that was committed *before* the row was read has no worker left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.images.row import ImageRow, Position

OVERDUE: Final = timedelta(seconds=60)
"""A row that has been due for longer than this means that no due publisher runs."""

TopicPartition = tuple[str, int]


class Standing(StrEnum):
    """The state of an unfinished image."""

    WAITING = "waiting"  #: it has a time, at which it is published
    QUEUED = "queued"  #: its event is in Kafka or held by a worker
    LOST = "lost"  #: its event was consumed, or is gone, without an outcome


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """Offsets of one partition: the group's committed offset (None: never committed), log start and log end."""

    committed: int | None
    start: int
    end: int | None = None


Offsets = Mapping[TopicPartition, PartitionOffsets]
"""The offsets of every partition that the workers consume."""


def standing(row: ImageRow, offsets: Offsets, *, past_end_before: bool = False) -> Standing:
    """Return the state of an unfinished row.

    `past_end_before` means that its position was past the log's end in an earlier pass too, half a minute ago or more: between
    two reads of a live log that is possible once, not twice.
    """
    if row.wake_at is not None:
        return Standing.WAITING
    if row.position is None:
        return Standing.LOST
    partition = offsets.get((row.position.topic, row.position.partition))
    if partition is None or _was_consumed(row.position, partition) or _has_expired(row.position, partition):
        return Standing.LOST
    if is_past_end(row.position, partition) and past_end_before:
        return Standing.LOST
    return Standing.QUEUED


def is_past_end(position: Position, partition: PartitionOffsets) -> bool:
    """Return whether the log ends before the position: the topic was recreated, or the end was read too early."""
    return partition.end is not None and position.offset >= partition.end


def is_overdue(row: ImageRow, now: datetime) -> bool:
    """Return whether the row's time passed so long ago that no due publisher can be running."""
    return row.wake_at is not None and now - row.wake_at >= OVERDUE


def _was_consumed(position: Position, partition: PartitionOffsets) -> bool:
    return partition.committed is not None and position.offset < partition.committed


def _has_expired(position: Position, partition: PartitionOffsets) -> bool:
    return position.offset < partition.start


def lost_below(partition: PartitionOffsets) -> int:
    """Return the offset below which every unfinished row of the partition is lost."""
    return max(partition.start, partition.committed if partition.committed is not None else 0)
