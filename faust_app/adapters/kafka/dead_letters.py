"""Which versions of which images have a dead letter: reads the topic from its start to its present end."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.adapters.kafka.reach import reach
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.row import ImageKey

SILENT_SECONDS: Final = 15.0
"""Seconds without an answer, or a record that is still to come, after which Kafka counts as unavailable: a frozen one stays connected."""


async def dead_lettered(kafka: Mapping[str, Any], topic: str) -> dict[ImageKey, set[int]]:
    """Return the versions that have a dead letter, by image. Raises Unavailable."""
    consumer = AIOKafkaConsumer(**kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    found: dict[ImageKey, set[int]] = defaultdict(set)
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(SILENT_SECONDS) as limit:
            await reach(kafka)
            await consumer.start()
            await consumer._client.set_topics([topic])  # noqa: SLF001 - metadata without a subscription
            tps = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic) or ())]
            consumer.assign(tps)
            for tp, end in (await consumer.end_offsets(tps)).items():
                await consumer.seek_to_beginning(tp)
                while await consumer.position(tp) < end:
                    for record in (await consumer.getmany(tp, timeout_ms=1000)).get(tp, []):
                        limit.reschedule(clock() + SILENT_SECONDS)
                        _note(found, dict(record.headers))
    except (KafkaError, OSError) as error:
        raise Unavailable(Dependency.KAFKA, f"Dead letters cannot be read. {kafka_sentence(error)}") from error
    finally:
        await consumer.stop()
    return found


def _note(found: dict[ImageKey, set[int]], headers: dict[str, bytes]) -> None:
    shop_no, image_id, version = (headers.get(f"shop-images-{name}") for name in ("shop-no", "image-id", "version"))
    if shop_no is not None and image_id is not None and version is not None:
        found[int(shop_no), unquote_to_bytes(image_id)].add(int(version))
