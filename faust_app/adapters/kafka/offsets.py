"""Reads a consumer group's offsets without joining the group."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.adapters.kafka.reach import reach
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.messages.positions import PartitionOffsets

_REQUEST_MS = 5_000
_CALL_SECONDS: Final = 30.0
"""Seconds a call may take with all its requests; whoever waits behind it waits as long."""
_RECORD_BYTES: Final = 32 * 1024
"""Most bytes to fetch of a partition for one record; a broker sends a larger first batch whole."""
_READ_SECONDS: Final = 3.0
_READ_MS: Final = 200


# Not Faust's monitor: its offsets are lost at a rebalance, stale under backpressure, and only those of this process.
class KafkaConsumerOffsets:
    """Implements `flows.ports.kafka.GroupOffsets` for one group and its topics; reconnects after an outage.

    Concurrent calls are served one at a time, so that none loses the clients that another closes.
    """

    def __init__(self, kafka: Mapping[str, Any], group: str, topics: Sequence[str]) -> None:
        self._kafka = kafka
        self._group = group
        self._topics = list(topics)
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def connect(cls, kafka: Mapping[str, Any], group: str, topics: Sequence[str]) -> AsyncIterator[Self]:
        """Connect on first use, so that a process can start while Kafka is unavailable."""
        offsets = cls(kafka, group, topics)
        try:
            yield offsets
        finally:
            await offsets.close()

    async def committed(self) -> dict[tuple[str, int], PartitionOffsets]:
        async with self._answers() as (admin, consumer):
            committed = await admin.list_consumer_group_offsets(self._group)
            starts = await consumer.beginning_offsets(await self._partitions(consumer))
        return {tuple(tp): PartitionOffsets(_offset(committed.get(tp)), start) for tp, start in starts.items()}

    async def ends(self) -> dict[tuple[str, int], int]:
        async with self._answers() as (_, consumer):
            return {tuple(tp): end for tp, end in (await consumer.end_offsets(await self._partitions(consumer))).items()}

    async def members(self) -> int:
        async with self._answers() as (admin, _):
            (answer,) = await admin.describe_consumer_groups([self._group])
            for code, *_ in answer.groups:
                if code:  # an error lists no members either, and must not read as an empty group
                    raise for_code(code)
        return sum(len(group[_MEMBERS]) for group in answer.groups)

    async def appended_at(self, offsets: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], datetime]:
        async with self._answers() as (_, consumer):
            return await _first_records(consumer, {TopicPartition(*place): offset for place, offset in offsets.items()})

    async def close(self) -> None:
        """Close both clients."""
        admin, consumer, self._admin, self._consumer = self._admin, self._consumer, None, None
        if admin is not None:
            await admin.close()
        if consumer is not None:
            await consumer.stop()

    @asynccontextmanager
    async def _answers(self) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
        """Yield the clients to one call at a time, since each changes the topics they hold metadata of. Raises Unavailable."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    yield await self._clients()
            except (KafkaError, OSError, TimeoutError) as error:
                raise await self._unavailable(error) from error

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None or self._consumer is None:
            self._admin, self._consumer = await self._opened()
        return self._admin, self._consumer

    async def _opened(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        """Start both clients, or keep neither: a call that is cancelled meanwhile would leave one that never answers."""
        kafka = await reach(self._kafka)
        admin = AIOKafkaAdminClient(**kafka, request_timeout_ms=_REQUEST_MS)
        consumer = AIOKafkaConsumer(
            **kafka,
            request_timeout_ms=_REQUEST_MS,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_RECORD_BYTES,
        )
        try:
            await admin.start()
            await consumer.start()
        except BaseException:
            await admin.close()
            await consumer.stop()
            raise
        return admin, consumer

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        # Metadata without a subscription, and fresh: partitions may have been added, and hold records by now.
        await consumer._client.set_topics(self._topics)  # noqa: SLF001
        await consumer._client.force_metadata_update()  # noqa: SLF001
        found = []
        for topic in self._topics:
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:  # otherwise every row of the topic would be classified as lost
                raise UnknownTopicOrPartitionError(topic)
            found += [TopicPartition(topic, partition) for partition in sorted(partitions)]
        return found

    async def _unavailable(self, error: BaseException) -> Unavailable:
        await self.close()
        return Unavailable(Dependency.KAFKA, f"Offsets cannot be read. {kafka_sentence(error)}")


_MEMBERS: Final = 5
"""Index of the members of a group in DescribeGroups: after error code, id, state, protocol type and protocol."""


async def _first_records(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], datetime]:
    """Read one record per partition; the consumer has no group, and no assignment before or after."""
    found: dict[tuple[str, int], datetime] = {}
    if not offsets:
        return found
    consumer.assign(list(offsets))
    try:
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
        limit = time.monotonic() + _READ_SECONDS
        while (unread := [tp for tp in offsets if tuple(tp) not in found]) and time.monotonic() < limit:
            for tp, records in (await consumer.getmany(*unread, timeout_ms=_READ_MS, max_records=1)).items():
                found[tuple(tp)] = datetime.fromtimestamp(records[0].timestamp / 1000, UTC).replace(tzinfo=None)
    finally:
        consumer.unsubscribe()
    return found


def _offset(found: object) -> int | None:
    offset = getattr(found, "offset", None)
    return offset if isinstance(offset, int) and offset >= 0 else None
