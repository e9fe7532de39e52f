"""Counts the records of a topic by their age, with a connection that is closed again: it is asked for every few minutes."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.core.failure import Dependency, Unavailable

_SECONDS: Final = 20.0
_REQUEST_MS: Final = 5_000


class KafkaRecordAges:
    """Implements `flows.ports.monitoring.RecordAges` for one topic."""

    def __init__(self, kafka: Mapping[str, Any], topic: str) -> None:
        self._kafka = kafka
        self._topic = topic

    async def appended_before(self, at: datetime) -> int:
        consumer = AIOKafkaConsumer(**self._kafka, request_timeout_ms=_REQUEST_MS)
        try:
            async with asyncio.timeout(_SECONDS):
                await consumer.start()
                return await self._count(consumer, int(at.replace(tzinfo=UTC).timestamp() * 1000))
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(Dependency.KAFKA, f"The age of records cannot be read. {kafka_sentence(error)}") from error
        finally:
            await consumer.stop()

    async def _count(self, consumer: AIOKafkaConsumer, at_ms: int) -> int:
        await consumer._client.set_topics([self._topic])  # noqa: SLF001 - metadata without a subscription
        partitions = [TopicPartition(self._topic, number) for number in consumer.partitions_for_topic(self._topic) or ()]
        if not partitions:
            raise UnknownTopicOrPartitionError(self._topic)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        first = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))  # None: every record is older
        return sum((ends[tp] if first[tp] is None else first[tp].offset) - starts[tp] for tp in partitions)
