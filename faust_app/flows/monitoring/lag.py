"""Samples the lag of the consumer groups, and what is known to hold them up.

Every process takes its own samples and serves the last one with its age. Kafka and the database are read independently, so
that an outage of one does not hide the other.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.messages.positions import TopicPartition
from faust_app.core.monitoring.lag import (
    LagSample,
    LagStatus,
    PartitionLag,
    Velocity,
    lag_status,
    recent,
    velocity,
    with_known_time,
    with_stored,
    worst,
)
from faust_app.flows.ports.alerts import Faults
from faust_app.flows.ports.kafka import GroupOffsets, StoredOffsets
from faust_app.metrics import Metrics

log = structlog.get_logger()

DATABASE_SECONDS: Final = 5.0
"""Seconds the database gets to answer; a frozen one says neither yes nor no, and Kafka is to be watched all the same."""
HOLDING: Final = {
    FaultKind.DEPENDENCY_STORAGE: "object storage is unavailable",
    FaultKind.DEPENDENCY_DATABASE: "the database is unavailable",
    FaultKind.DEPENDENCY_KAFKA: "Kafka does not acknowledge",
    FaultKind.EGRESS: "sources cannot be reached from here",
    FaultKind.INTERNAL_ERROR_BREAKER: "a worker stopped itself after internal errors",
}
"""Faults during which events may not progress, in words."""


@dataclass(frozen=True, slots=True)
class WatchedGroup:
    """A group's offsets in Kafka, and those that count in their place where the database stores some."""

    offsets: GroupOffsets
    stored: StoredOffsets | None = None


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One group as it was seen last."""

    sample: LagSample
    status: LagStatus
    velocity: Velocity | None

    @property
    def drain_seconds(self) -> float | None:
        """After how many seconds nothing is behind at this rate; None where that is not known or never."""
        return None if self.velocity is None else self.velocity.drain_seconds(self.sample.lag)


@dataclass(frozen=True, slots=True)
class LagReport:
    """All groups at one moment (UTC)."""

    as_of: datetime
    groups: tuple[GroupReport, ...]
    held_by: tuple[str, ...]

    @property
    def status(self) -> LagStatus:
        """The worst status of a group; LAGGING at least while something is known to hold up work."""
        held = [LagStatus.LAGGING] if self.held_by else []
        return worst([*held, *(group.status for group in self.groups)])

    @property
    def lag(self) -> int:
        """How many records are not finished."""
        return sum(group.sample.lag for group in self.groups)

    @property
    def lag_seconds(self) -> float:
        """The age of the oldest unfinished record."""
        return max((group.sample.lag_seconds for group in self.groups), default=0.0)


SHOWN_PARTITIONS: Final = 50
"""Partitions of a group that metrics show one by one, so that their number does not grow with the topics."""
STALE_SECONDS: Final = 60.0
"""Age of a sample from which it is no longer taken for the present state."""


class WatchLag:
    """Samples groups by name.

    `held_here` returns what holds up this process, `is_paused` whether events of a topic wait for an operator, `now` the brokers' time of
    day (UTC without a zone); `seconds` counts them in this process. `sampled` is called with each new sample of a group.
    """

    def __init__(
        self,
        groups: Mapping[str, WatchedGroup],
        faults: Faults,
        metrics: Metrics,
        *,
        held_here: Callable[[], Sequence[str]],
        sampled: Callable[[LagSample], None],
        is_paused: Callable[[str], bool],
        lagging_after: timedelta,
        now: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self._groups = groups
        self._faults = faults
        self._metrics = metrics
        self._held_here = held_here
        self._sampled = sampled
        self._is_paused = is_paused
        self._lagging_after = lagging_after
        self._now = now
        self._seconds = seconds
        self._sampled_at = -inf
        self._samples: dict[str, list[LagSample]] = {name: [] for name in groups}
        self._elsewhere: tuple[str, ...] = ()
        self.report: LagReport | None = None
        """The last sample of all groups; None before the first."""
        metrics.snapshot_age.labels("lag").set_function(lambda: self.age)

    def held_by(self) -> tuple[str, ...]:
        """Return what is known to hold up this process now, or another as of the last `run_holding`."""
        return tuple(dict.fromkeys([*self._held_here(), *self._elsewhere, *self._stale()]))

    def _stale(self) -> list[str]:
        """Return that no sample was taken for long: what it says may no longer be true."""
        if self.report is None or self.age < STALE_SECONDS:
            return []
        return [f"the lag was not sampled for {self.age:.0f} s, for Kafka or the database does not answer"]

    @property
    def age(self) -> float:
        """Seconds since the last sample; endless before the first."""
        return self._seconds() - self._sampled_at

    async def run_pass(self) -> None:
        """Sample every group. Raises Unavailable when Kafka does not answer; the last report then stays; metrics show no stale one."""
        await self._sample_elsewhere()
        held_by = self.held_by()
        for name, group in self._groups.items():
            partitions = await self._partitions(name, group)
            sample = LagSample(self._now(), name, partitions, await group.offsets.members(), held_by)
            self._samples[name] = recent([*self._samples[name], sample])
        self._publish(LagReport(self._now(), tuple(map(self._group_report, self._groups)), held_by))

    async def run_holding(self) -> None:
        """Read what holds up other processes, and sample every group at once when that changed. Raises Unavailable like `run_pass`."""
        await self._sample_elsewhere()
        if self.report is not None and self.report.held_by != self.held_by():
            await self.run_pass()

    async def _sample_elsewhere(self) -> None:
        """Learn what holds up other processes; without the database nobody knows."""
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                present = await self._faults.present()
        except (Unavailable, TimeoutError):
            present = [FaultKind.DEPENDENCY_DATABASE]
        self._elsewhere = tuple(HOLDING[kind] for kind in present if kind in HOLDING)
        self._show_held([kind.value for kind in present if kind in HOLDING])
        if self.age >= STALE_SECONDS:
            self._hide()

    async def _stored(self, group: WatchedGroup) -> dict[TopicPartition, int]:
        """Return the offsets that the database stores; nothing while it is unavailable, and the group's own count."""
        if group.stored is None:
            return {}
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                return await group.stored.next_offsets()
        except (Unavailable, TimeoutError):
            return {}

    async def _partitions(self, name: str, group: WatchedGroup) -> tuple[PartitionLag, ...]:
        """Read committed offsets, then ends, then the times of the first unread records that are not known yet."""
        committed = with_stored(await group.offsets.committed(), await self._stored(group))
        ends = await group.offsets.ends()
        seen = [PartitionLag(*place, each.committed, each.start, ends.get(place, each.start)) for place, each in sorted(committed.items())]
        behind = [with_known_time(each, self._samples[name]) for each in seen]
        unknown = {each.place: each.next_offset for each in behind if each.lag and each.oldest_unfinished_at is None}
        times = await group.offsets.appended_at(unknown)
        return tuple(replace(each, oldest_unfinished_at=times.get(each.place, each.oldest_unfinished_at)) for each in behind)

    def _group_report(self, name: str) -> GroupReport:
        samples = self._samples[name]
        return GroupReport(samples[-1], lag_status(samples, self._lagging_after), velocity(samples))

    def _publish(self, report: LagReport) -> None:
        before = self.report
        if (before is None and report.status is not LagStatus.OK) or (before is not None and before.status is not report.status):
            log.info("lag", status=report.status.value, lag=report.lag, lag_seconds=round(report.lag_seconds), held_by=report.held_by)
        self.report = report
        self._sampled_at = self._seconds()
        self._metrics.partition_lag.clear()
        for group in report.groups:
            self._sampled(group.sample)
            for each in LagStatus:
                self._metrics.lag_status.labels(group.sample.group, each.value).set(int(each is group.status))
            self._show(group.sample)

    def _show_held(self, faults: Sequence[str]) -> None:
        """Show what holds up each topic, so that no rule wakes somebody for what is known."""
        self._metrics.held_up.clear()
        topics = {partition.topic for samples in self._samples.values() for sample in samples[-1:] for partition in sample.partitions}
        for topic in topics:
            for by in [*(["pause"] if self._is_paused(topic) else []), *faults]:
                self._metrics.held_up.labels(topic, by).set(1)

    def _hide(self) -> None:
        """Show no lag at all: a rule would take that of long ago for the present one, whatever other processes see."""
        shown = self._metrics
        for gauge in (shown.lag, shown.lag_seconds, shown.lag_status, shown.partition_lag, shown.group_position, shown.topic_end):
            gauge.clear()
        shown.group_members.clear()

    def _show(self, sample: LagSample) -> None:
        """Show a sample by topic, and its worst partitions."""
        if sample.members is not None:
            self._metrics.group_members.labels(sample.group).set(sample.members)
        for topic in {partition.topic for partition in sample.partitions}:
            partitions = [partition for partition in sample.partitions if partition.topic == topic]
            self._metrics.lag.labels(sample.group, topic).set(sum(each.lag for each in partitions))
            self._metrics.lag_seconds.labels(sample.group, topic).set(replace(sample, partitions=tuple(partitions)).lag_seconds)
            self._metrics.group_position.labels(sample.group, topic).set(sum(each.next_offset for each in partitions))
            self._metrics.topic_end.labels(topic).set(sum(each.end for each in partitions))
        for each in sorted(sample.partitions, key=lambda each: each.lag, reverse=True)[:SHOWN_PARTITIONS]:
            self._metrics.partition_lag.labels(sample.group, each.topic, str(each.partition)).set(each.lag)
