"""Places in Kafka: where an event stands, and what is known of a partition."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row's event stands in Kafka."""

    topic: str
    partition: int
    offset: int


TopicPartition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """Offsets of one partition: the group's committed offset (None: never committed), log start and log end."""

    committed: int | None
    start: int
    end: int | None = None


Offsets = Mapping[TopicPartition, PartitionOffsets]
"""The offsets of every partition that the workers consume."""


def with_ends(offsets: Offsets, ends: Mapping[TopicPartition, int]) -> Offsets:
    """Return the offsets with the ends of their logs, which were read later.

    A partition with an end and without offsets was added in between: nothing of it had been consumed.
    """
    added = {place: PartitionOffsets(None, 0) for place in ends if place not in offsets}
    return {place: replace(partition, end=ends.get(place)) for place, partition in {**offsets, **added}.items()}


@dataclass(frozen=True, slots=True)
class IntakeOffset:
    """How far one partition of `requests` is in the rows: the next offset, and the last append time (UTC)."""

    topic: str
    partition: int
    next_offset: int
    appended_at: datetime | None
