"""A client of Kafka's administration, for as long as it is needed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient


@asynccontextmanager
async def admin_client(kafka: Mapping[str, Any], request_ms: int) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a started client; each of its requests may take `request_ms`. Raises what aiokafka raises."""
    admin = AIOKafkaAdminClient(**kafka, request_timeout_ms=request_ms)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
