"""The offsets of the reader of `requests`: the database's value counts, the consumer group's only follows it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, Self

from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb.database import Database
from faust_app.core.failure import Unavailable
from faust_app.core.messages.positions import PartitionOffsets, TopicPartition

DATABASE_SECONDS: Final = 5.0
"""Seconds to wait for the database: a frozen one never answers, and the other groups would wait with this one."""
_NEXT: Final = "SELECT topic, `partition`, next_offset FROM intake_offset WHERE next_offset > 0"


class IntakeOffsets:
    """Implements `flows.ports.kafka.GroupOffsets` for the reader's group: offsets stored in the database count as committed."""

    def __init__(self, group: KafkaConsumerOffsets, database: Database) -> None:
        self._group = group
        self._database = database

    @classmethod
    @asynccontextmanager
    async def of(cls, database: Database, servers: Sequence[str], group: str, topic: str) -> AsyncIterator[Self]:
        """Connect on first use, so that a process can start while Kafka is unavailable."""
        async with KafkaConsumerOffsets.connect(servers, group, [topic]) as offsets:
            yield cls(offsets, database)

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Prefer the offset in the database; while the database is unavailable, return the group's."""
        told = await self._group.committed()
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                stored = {(topic, partition): offset for topic, partition, offset in await self._database.rows(_NEXT)}
        except (Unavailable, TimeoutError):
            return told
        return {place: replace(each, committed=stored.get(place, each.committed)) for place, each in told.items()}

    async def ends(self) -> dict[TopicPartition, int]:
        return await self._group.ends()

    async def members(self) -> int:
        return await self._group.members()

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        return await self._group.appended_at(offsets)
