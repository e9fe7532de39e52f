"""Committed offsets in memory, over topics in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.messages.positions import PartitionOffsets, TopicPartition
from tests.factories import NOW
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository


class FakeStoredOffsets:
    """Implements `StoredOffsets` on the fake rows; `frozen` never answers."""

    def __init__(self, rows: FakeImageRepository) -> None:
        self._rows = rows
        self.frozen = False

    async def next_offsets(self) -> dict[TopicPartition, int]:
        await self._rows.now()
        if self.frozen:
            await asyncio.get_running_loop().create_future()
        return {place: offset.next_offset for place, offset in self._rows.offsets.items() if offset.next_offset}


class FakeConsumerOffsets:
    """Implements `GroupOffsets`; every topic has one partition, 0. `appended` has when each offset was appended."""

    def __init__(self, log: FakeEventLog, topics: Sequence[str]) -> None:
        self._log = log
        self._topics = topics
        self.offsets: dict[str, int] = {}
        self.unavailable = False
        self.count = 1
        self.appended: dict[tuple[str, int], datetime] = {}
        self.asked: list[dict[TopicPartition, int]] = []

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        self._answer()
        return {(topic, 0): PartitionOffsets(self.offsets.get(topic), 0) for topic in self._topics}

    async def ends(self) -> dict[TopicPartition, int]:
        self._answer()
        return {(topic, 0): len(self._log.messages[topic]) for topic in self._topics}

    async def members(self) -> int:
        self._answer()
        return self.count

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        self._answer()
        self.asked.append(dict(offsets))
        return {
            (topic, partition): self.appended.get((topic, offset), NOW)
            for (topic, partition), offset in offsets.items()
            if offset < len(self._log.messages[topic])
        }

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.KAFKA, "fake")
