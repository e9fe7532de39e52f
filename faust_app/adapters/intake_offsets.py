"""Where the reader of `requests` stands: its offset is kept in the database, and the group's own only follows it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Self

from faust_app.adapters.consumer_offsets import KafkaConsumerOffsets
from faust_app.adapters.database import Database
from faust_app.core.failure import Unavailable
from faust_app.core.stall import PartitionOffsets, TopicPartition

_NEXT: Final = "SELECT topic, `partition`, next_offset FROM intake_offset WHERE next_offset > 0"


class IntakeOffsets(KafkaConsumerOffsets):
    """Implements `flows.ports.GroupOffsets` for the reader's group: what the rows have counts as committed."""

    database: Database

    @classmethod
    @asynccontextmanager
    async def of(cls, database: Database, servers: Sequence[str], group: str, topic: str) -> AsyncIterator[Self]:
        """Open when first used, so that a process starts while Kafka is away."""
        async with cls.connect(servers, group, [topic]) as offsets:
            offsets.database = database
            yield offsets

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Return the reader's offset and log start of every partition; without the database, the group's. Raises Unavailable."""
        told = await super().committed()
        try:
            stored = {(topic, partition): offset for topic, partition, offset in await self.database.rows(_NEXT)}
        except Unavailable:
            return told
        return {place: replace(each, committed=stored.get(place, each.committed)) for place, each in told.items()}
