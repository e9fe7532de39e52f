"""How far a consumer group is behind, in records and in time, and whether that is a fault.

Small rules in order of severity decide the status from consecutive samples of the group. A group that is behind and makes no
progress is a fault only if nothing known holds it up; a topic without unread records never is, however long ago its last
record was consumed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.messages.positions import Offsets, TopicPartition

STALLED_AFTER: Final = timedelta(seconds=120)
"""A partition with unread records whose committed offset has not moved for this long is stalled."""
STOPPED_AFTER: Final = timedelta(seconds=60)
"""A group with unread records and no member for this long is stopped; a restart of all workers takes less."""
LONGEST_GAP: Final = timedelta(seconds=60)
"""Samples that are further apart say nothing about the time between them."""


class LagStatus(StrEnum):
    """The status of a group, from best to worst."""

    OK = "OK"  #: no record is unread, or none for long
    LAGGING = "LAGGING"  #: it makes progress, or something known holds it up, but records wait too long
    STALLED = "STALLED"  #: it has members, but a partition with unread records makes no progress
    STOPPED = "STOPPED"  #: records are unread and the group has no member


SEVERITY: Final = tuple(LagStatus)


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """A group's offsets in one partition. `oldest_unfinished_at` is when the record at `next_offset` was appended (UTC).

    It is None if nothing is unread, or no record can be read: a transaction's markers take offsets too.
    """

    topic: str
    partition: int
    committed: int | None
    start: int
    end: int
    oldest_unfinished_at: datetime | None = None

    @property
    def place(self) -> TopicPartition:
        """Topic and partition."""
        return self.topic, self.partition

    @property
    def next_offset(self) -> int:
        """The offset of the first unfinished record."""
        return max(self.start, self.committed or 0)

    @property
    def lag(self) -> int:
        """The number of unfinished records; 0 where the topic was recreated and ends before the committed offset."""
        return max(0, self.end - self.next_offset)


@dataclass(frozen=True, slots=True)
class TopicLag:
    """How far a group is behind in one topic: unfinished records, and the age of the oldest in the middle one of its partitions."""

    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LagSample:
    """A sample of a group at one moment (UTC). `members` is None if unknown; `held_by` says what keeps it from working."""

    at: datetime
    group: str
    partitions: tuple[PartitionLag, ...]
    members: int | None = None
    held_by: tuple[str, ...] = ()

    @property
    def lag(self) -> int:
        """The number of unfinished records."""
        return sum(partition.lag for partition in self.partitions)

    @property
    def lag_seconds(self) -> float:
        """The age of the oldest unfinished record, in seconds."""
        ages = [
            (self.at - partition.oldest_unfinished_at).total_seconds() for partition in self.partitions if partition.oldest_unfinished_at
        ]
        return max(0.0, *ages) if ages else 0.0

    def of_topic(self, topic: str) -> TopicLag | None:
        """Return how far behind the group is in a topic, None if it does not read it.

        The middle partition counts: one slow image holds up the offset of its own partition, a crowd those of all.
        """
        partitions = [partition for partition in self.partitions if partition.topic == topic]
        if not partitions:
            return None
        since = [partition.oldest_unfinished_at for partition in partitions]
        ages = sorted(0.0 if at is None else max(0.0, (self.at - at).total_seconds()) for at in since)
        return TopicLag(sum(partition.lag for partition in partitions), ages[len(ages) // 2])


LagSamples = Sequence[LagSample]
"""Samples of one group, oldest first, at least one."""


def lag_status(samples: LagSamples, lagging_after: timedelta) -> LagStatus:
    """Return the worst status that a rule gives to the newest sample."""
    if is_stopped(samples):
        return LagStatus.STOPPED
    if any(is_stalled(samples, partition.place) for partition in samples[-1].partitions):
        return LagStatus.STALLED
    return LagStatus.LAGGING if is_lagging(samples[-1], lagging_after) else LagStatus.OK


def worst(statuses: Sequence[LagStatus]) -> LagStatus:
    """Return the worst status, OK if there is none."""
    return max(statuses, key=SEVERITY.index, default=LagStatus.OK)


def is_stopped(samples: LagSamples) -> bool:
    """Rule 1: in every sample for a minute, records were unread and the group had no member."""
    return _held_for(samples, STOPPED_AFTER, lambda sample: sample.members == 0 and sample.lag > 0)


def is_stalled(samples: LagSamples, place: TopicPartition) -> bool:
    """Rule 2: in every sample for two minutes the same readable record was the first unread one, and nothing held it up."""
    first_unread = _partition(samples[-1], place)

    def stands_still(sample: LagSample) -> bool:
        partition = _partition(sample, place)
        return (
            partition is not None
            and first_unread is not None
            and partition.lag > 0
            and partition.oldest_unfinished_at is not None
            and partition.next_offset == first_unread.next_offset
            and not sample.held_by
        )

    return _held_for(samples, STALLED_AFTER, stands_still)


def is_lagging(sample: LagSample, lagging_after: timedelta) -> bool:
    """Rule 3: the oldest unfinished record is at least `lagging_after` old, or a known cause holds up unread records."""
    return sample.lag_seconds >= lagging_after.total_seconds() or (sample.lag > 0 and bool(sample.held_by))


@dataclass(frozen=True, slots=True)
class Velocity:
    """Records per second between two samples: finished by the group, and arriving."""

    finished: float
    arriving: float

    def drain_seconds(self, lag: int) -> float | None:
        """Return the seconds until the lag is drained at this rate; None if it never is."""
        if lag == 0:
            return 0.0
        gained = self.finished - self.arriving
        return lag / gained if gained > 0 else None


def velocity(samples: LagSamples) -> Velocity | None:
    """Return the group's velocity between the oldest and the newest sample; None while there is only one."""
    first, last = samples[0], samples[-1]
    seconds = (last.at - first.at).total_seconds()
    if seconds <= 0:
        return None
    before = {partition.place: partition for partition in first.partitions}
    pairs = [(before[partition.place], partition) for partition in last.partitions if partition.place in before]
    finished = sum(max(0, new.next_offset - old.next_offset) for old, new in pairs)
    arriving = sum(max(0, new.end - old.end) for old, new in pairs)
    return Velocity(finished / seconds, arriving / seconds)


def with_known_time(partition: PartitionLag, samples: Sequence[LagSample]) -> PartitionLag:
    """Return the partition with the append time of its first unfinished record, if the newest sample has it already."""
    if not partition.lag or not samples:
        return partition
    first = (partition.place, partition.next_offset)
    known = (each.oldest_unfinished_at for each in samples[-1].partitions if (each.place, each.next_offset) == first)
    return replace(partition, oldest_unfinished_at=next(known, None))


def with_stored(committed: Offsets, stored: Mapping[TopicPartition, int]) -> Offsets:
    """Return a group's offsets, with what the database stores in their place: it counts, and the group's only follow it."""
    return {place: replace(each, committed=stored.get(place, each.committed)) for place, each in committed.items()}


def recent(samples: LagSamples) -> list[LagSample]:
    """Return the samples that a rule or the velocity still needs."""
    newest = samples[-1].at
    return [sample for sample in samples if newest - sample.at <= STALLED_AFTER + LONGEST_GAP]


def _held_for(samples: LagSamples, span: timedelta, rule: Callable[[LagSample], bool]) -> bool:
    """Return whether the rule held in every sample of the span up to the newest, without a gap between samples."""
    newest = later = samples[-1].at
    for sample in reversed(samples):
        if later - sample.at > LONGEST_GAP or not rule(sample):
            return False
        if newest - sample.at >= span:
            return True
        later = sample.at
    return False


def _partition(sample: LagSample, place: TopicPartition) -> PartitionLag | None:
    return next((partition for partition in sample.partitions if partition.place == place), None)
