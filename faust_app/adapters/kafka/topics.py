"""Creates the topics and sets their configuration, for `shop-images setup`."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.messages.topics import TopicSpec


async def ensure_topics(servers: Sequence[str], topics: Sequence[TopicSpec], *, replication: int, min_insync: int) -> list[str]:
    """Create the missing topics and set every topic's configuration; return the names that were created.

    Raises Unavailable with Kafka's message. Does not change the partitions of an existing topic.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=list(servers), request_timeout_ms=15_000)
    try:
        await admin.start()
        created = [spec.name for spec in topics if await _create(admin, spec, replication)]
        for spec in topics:
            config = {**spec.config, "min.insync.replicas": str(min_insync)}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, spec.name, config)])
    except (KafkaError, OSError) as error:
        raise Unavailable(Dependency.KAFKA, f"The topics cannot be set up. {kafka_sentence(error)} {error}") from error
    finally:
        await admin.close()
    return created


async def _create(admin: AIOKafkaAdminClient, spec: TopicSpec, replication: int) -> bool:
    answer = await admin.create_topics([NewTopic(spec.name, spec.partitions, replication)])
    for _, code, *message in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            return False
        if code:
            raise error(message[0] if message else spec.name)
    return True
