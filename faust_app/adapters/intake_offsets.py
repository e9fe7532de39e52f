"""Where the reader of `requests` stands: its offset is kept in the database, and the group's own only follows it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, Self

from faust_app.adapters.consumer_offsets import KafkaConsumerOffsets
from faust_app.adapters.database import Database
from faust_app.core.failure import Unavailable
from faust_app.core.stall import PartitionOffsets, TopicPartition

DATABASE_SECONDS: Final = 5.0
"""Seconds the database gets; a frozen one answers neither yes nor no, and the other groups wait for this one."""
_NEXT: Final = "SELECT topic, `partition`, next_offset FROM intake_offset WHERE next_offset > 0"


class IntakeOffsets:
    """Implements `flows.ports.kafka.GroupOffsets` for the reader's group: what the rows have counts as committed."""

    def __init__(self, group: KafkaConsumerOffsets, database: Database) -> None:
        self._group = group
        self._database = database

    @classmethod
    @asynccontextmanager
    async def of(cls, database: Database, servers: Sequence[str], group: str, topic: str) -> AsyncIterator[Self]:
        """Open when first used, so that a process starts while Kafka is away."""
        async with KafkaConsumerOffsets.connect(servers, group, [topic]) as offsets:
            yield cls(offsets, database)

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Return the reader's offset and log start of every partition; without the database, the group's. Raises Unavailable."""
        told = await self._group.committed()
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                stored = {(topic, partition): offset for topic, partition, offset in await self._database.rows(_NEXT)}
        except (Unavailable, TimeoutError):
            return told
        return {place: replace(each, committed=stored.get(place, each.committed)) for place, each in told.items()}

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the log end of every partition. Raises Unavailable."""
        return await self._group.ends()

    async def members(self) -> int:
        """Return how many members the group has. Raises Unavailable."""
        return await self._group.members()

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        """Return when the first record from each offset on was appended (UTC), as far as it can be read. Raises Unavailable."""
        return await self._group.appended_at(offsets)
