"""Sends requests through the topic `requests`, and says how many of them are taken in."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from bench.installation import Installation

Request = Mapping[str, object]
TAKEN_IN: Final = "SELECT COALESCE(SUM(next_offset), 0) FROM intake_offset"
"""Counts the records that are taken in."""


async def send(installation: Installation, requests: Iterable[Request]) -> None:
    """Send requests keyed by shop; return when Kafka has all of them."""
    settings = installation.settings
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, linger_ms=20, max_batch_size=500_000) as producer:
        for request in requests:
            await producer.send(settings.topics.requests.name, json.dumps(request).encode(), str(request["shop_no"]).encode())
        await producer.flush()
