"""What Kafka says of itself and of topics, for the self-check."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from faust_app.adapters.kafka.admin import admin_client
from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.adapters.kafka.reach import find_versions, reach
from faust_app.adapters.kafka.topic_configs import TopicConfig, read_configs
from faust_app.core.failure import Dependency, Misconfigured, Unavailable
from faust_app.core.selfcheck.topics import FoundTopic

_REQUEST_MS = 3_000


async def find_topics(kafka: Mapping[str, Any], names: Sequence[str]) -> tuple[int, Mapping[str, FoundTopic]]:
    """Return how many brokers there are, and those of the topics that exist.

    Raises Unavailable, and Misconfigured when Kafka does not let us in.
    """
    kafka = await reach(kafka)
    with _translated():
        async with admin_client(kafka, _REQUEST_MS) as admin:
            cluster = await admin.describe_cluster()
            described = [topic for topic in await admin.describe_topics(list(names)) if not topic["error_code"]]
            configs = await _configs(admin, [topic["topic"] for topic in described])
    return len(cluster["brokers"]), {topic["topic"]: _topic(topic, configs.get(topic["topic"])) for topic in described}


async def find_protocol(kafka: Mapping[str, Any]) -> Mapping[int, int]:
    """Return the newest version that one of the brokers speaks of each kind of request, by its number.

    Raises Unavailable, and Misconfigured when Kafka does not let us in.
    """
    with _translated():
        return await find_versions(kafka)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(Dependency.KAFKA, kafka_sentence(error)) from error


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, TopicConfig]:
    """Return the configurations, none of them where Kafka refuses the right to read them."""
    try:
        return await read_configs(admin, names)
    except Misconfigured:
        return {}


def _topic(described: Mapping[str, Any], config: TopicConfig | None) -> FoundTopic:
    partitions = described["partitions"]
    replicas = min((len(each["replicas"]) for each in partitions), default=0)
    return FoundTopic(len(partitions), replicas, None if config is None else config.values)
