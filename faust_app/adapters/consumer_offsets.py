"""Where a group stands in its partitions, read by clients that never join it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from faust_app.adapters.kafka_errors import kafka_sentence
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.stall import PartitionOffsets

_REQUEST_MS = 5_000
_RECORD_BYTES: Final = 32 * 1024
"""What is fetched of a partition to read one record; a broker sends a larger first batch whole."""
_READ_SECONDS: Final = 3.0
_READ_MS: Final = 200


class KafkaConsumerOffsets:
    """Implements `flows.ports.kafka.GroupOffsets` for one group and its topics; connects anew after an absence.

    Several may ask at once; they are answered one by one, so that none loses the clients that another gives up.
    """

    def __init__(self, servers: Sequence[str], group: str, topics: Sequence[str]) -> None:
        self._servers = list(servers)
        self._group = group
        self._topics = list(topics)
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def connect(cls, servers: Sequence[str], group: str, topics: Sequence[str]) -> AsyncIterator[Self]:
        """Open when first used, so that a process starts while Kafka is away."""
        offsets = cls(servers, group, topics)
        try:
            yield offsets
        finally:
            await offsets.close()

    async def committed(self) -> dict[tuple[str, int], PartitionOffsets]:
        """Return committed offset and log start of every partition of the topics. Raises Unavailable."""
        async with self._answers() as (admin, consumer):
            committed = await admin.list_consumer_group_offsets(self._group)
            starts = await consumer.beginning_offsets(await self._partitions(consumer))
        return {tuple(tp): PartitionOffsets(_offset(committed.get(tp)), start) for tp, start in starts.items()}

    async def ends(self) -> dict[tuple[str, int], int]:
        """Return the log end of every partition of the topics. Raises Unavailable."""
        async with self._answers() as (_, consumer):
            return {tuple(tp): end for tp, end in (await consumer.end_offsets(await self._partitions(consumer))).items()}

    async def members(self) -> int:
        """Return how many members the group has. Raises Unavailable."""
        async with self._answers() as (admin, _):
            (answer,) = await admin.describe_consumer_groups([self._group])
            for code, *_ in answer.groups:
                if code:  # such an answer has no members either, and says nothing of the group
                    raise for_code(code)
        return sum(len(group[_MEMBERS]) for group in answer.groups)

    async def appended_at(self, offsets: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], datetime]:
        """Return when the first record from each offset on was appended (UTC), where there is one to be read. Raises Unavailable.

        It waits for seconds at most: what cannot be read in time is left out.
        """
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
        """Lend the clients to one question at a time: each changes which topics they know. Raises Unavailable."""
        async with self._one_at_a_time:
            try:
                yield await self._clients()
            except (KafkaError, OSError, TimeoutError) as error:
                raise await self._absence(error) from error

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None or self._consumer is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=_REQUEST_MS)
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self._servers,
                request_timeout_ms=_REQUEST_MS,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=_RECORD_BYTES,
            )
            await self._admin.start()
            await self._consumer.start()
        return self._admin, self._consumer

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        await consumer._client.set_topics(self._topics)  # noqa: SLF001 - metadata of topics it does not subscribe to
        found = []
        for topic in self._topics:
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:  # without it, every row of the topic would count as one in a place that nobody consumes
                raise UnknownTopicOrPartitionError(topic)
            found += [TopicPartition(topic, partition) for partition in sorted(partitions)]
        return found

    async def _absence(self, error: BaseException) -> Unavailable:
        await self.close()
        return Unavailable(Dependency.KAFKA, f"Offsets cannot be read. {kafka_sentence(error)}")


_MEMBERS: Final = 5
"""Where DescribeGroups has the members of a group: after error code, id, state, protocol type and protocol."""


async def _first_records(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], datetime]:
    """Read one record a partition; the consumer has no group, and no partition before or after."""
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
