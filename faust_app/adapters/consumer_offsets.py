"""Where the workers' group stands in its partitions, read by clients that never join it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.stall import PartitionOffsets

_REQUEST_MS = 5_000


class KafkaConsumerOffsets:
    """Implements `flows.ports.ConsumerOffsets` for one group and its topics; connects anew after an absence.

    Several may ask at once; they are answered one by one, so that none loses the clients that another gives up.
    """

    def __init__(self, servers: Sequence[str], group: str, topics: Sequence[str]) -> None:
        self._servers = list(servers)
        self._group = group
        self._topics = list(topics)
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._asking = asyncio.Lock()

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
        async with self._asking:
            try:
                admin, consumer = await self._clients()
                committed = await admin.list_consumer_group_offsets(self._group)
                starts = await consumer.beginning_offsets(await self._partitions(consumer))
            except (KafkaError, OSError, TimeoutError) as error:
                raise await self._absence(error) from error
        return {tuple(tp): PartitionOffsets(_offset(committed.get(tp)), start) for tp, start in starts.items()}

    async def ends(self) -> dict[tuple[str, int], int]:
        """Return the log end of every partition of the topics. Raises Unavailable."""
        async with self._asking:
            try:
                _, consumer = await self._clients()
                return {tuple(tp): end for tp, end in (await consumer.end_offsets(await self._partitions(consumer))).items()}
            except (KafkaError, OSError, TimeoutError) as error:
                raise await self._absence(error) from error

    async def close(self) -> None:
        """Close both clients."""
        admin, consumer, self._admin, self._consumer = self._admin, self._consumer, None, None
        if admin is not None:
            await admin.close()
        if consumer is not None:
            await consumer.stop()

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None or self._consumer is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=_REQUEST_MS)
            self._consumer = AIOKafkaConsumer(bootstrap_servers=self._servers, request_timeout_ms=_REQUEST_MS)
            await self._admin.start()
            await self._consumer.start()
        return self._admin, self._consumer

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        await consumer._client.set_topics(self._topics)  # noqa: SLF001 - metadata of topics it does not subscribe to
        found = []
        for topic in self._topics:
            found += [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic) or ())]
        return found

    async def _absence(self, error: BaseException) -> Unavailable:
        await self.close()
        return Unavailable(Dependency.KAFKA, f"offsets cannot be read: {type(error).__name__}")


def _offset(found: object) -> int | None:
    offset = getattr(found, "offset", None)
    return offset if isinstance(offset, int) and offset >= 0 else None
