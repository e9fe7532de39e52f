"""Creates the topics and sets their configuration, for `shop-images setup`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from faust_app.adapters.kafka.admin import admin_client
from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.adapters.kafka.reach import reach
from faust_app.adapters.kafka.topic_configs import RIGHTS, alter_config, read_configs
from faust_app.core.failure import Dependency, Misconfigured, Unavailable
from faust_app.core.messages.topics import TopicSpec, missed

_REQUEST_MS: Final = 15_000
_AGAIN_SECONDS: Final = 0.1

T = TypeVar("T")


async def ensure_topics(kafka: Mapping[str, Any], topics: Sequence[TopicSpec], *, replication: int, min_insync: int) -> list[str]:
    """Create the missing topics and change what differs in the configuration of the others; return the names that were created.

    Raises Unavailable with Kafka's message, Misconfigured when it does not let us in or refuses us a right. Does not change the partitions
    of an existing topic, nor settings that are not ours; a longer retention than ours stays.
    """
    kafka = await reach(kafka)
    wanted = {spec.name: {**spec.config, "min.insync.replicas": str(min_insync)} for spec in topics}
    try:
        async with admin_client(kafka, _REQUEST_MS) as admin:
            created = [spec.name for spec in topics if await _create(admin, spec, replication, wanted[spec.name])]
            await _soon(lambda: _refuse_unlisted(admin, created))
            present = await _soon(lambda: read_configs(admin, [name for name in wanted if name not in created]))
            for name, config in present.items():
                if changes := missed(wanted[name], config.values):
                    await alter_config(admin, name, config, changes)
    except _FORBIDDEN as error:
        raise Misconfigured(Dependency.KAFKA, f"The topics cannot be set up. {kafka_sentence(error)}", setting=RIGHTS) from error
    except (KafkaError, OSError) as error:
        raise Unavailable(Dependency.KAFKA, f"The topics cannot be set up. {kafka_sentence(error)} {error}") from error
    return created


async def refuse_missing(kafka: Mapping[str, Any], topics: Sequence[TopicSpec], groups: Sequence[str]) -> None:
    """Raise Misconfigured when a topic is missing, or a consumer group is not ours to join. Raises Unavailable.

    Kafka hides a topic that our user may not describe.
    """
    try:
        async with admin_client(kafka, _REQUEST_MS) as admin:
            found = set(await admin.list_topics())
            forbidden = [group for group in groups if await _is_forbidden(admin, group)]
    except (KafkaError, OSError) as error:
        raise Unavailable(Dependency.KAFKA, f"The topics cannot be listed. {kafka_sentence(error)}") from error
    if missing := [spec.name for spec in topics if spec.name not in found]:
        setting = "TOPIC_PREFIX and the rights of KAFKA_USERNAME, or run `shop-images setup`"
        raise Misconfigured(Dependency.KAFKA, f"Kafka shows us no topic {', '.join(missing)}.", setting=setting)
    if forbidden:
        setting = "APP_ID and the rights of KAFKA_USERNAME"
        raise Misconfigured(Dependency.KAFKA, f"Kafka refuses us the consumer group {', '.join(forbidden)}.", setting=setting)


async def _is_forbidden(admin: AIOKafkaAdminClient, group: str) -> bool:
    try:
        await admin.find_coordinator(group)
    except GroupAuthorizationFailedError:
        return True
    except KafkaError:  # a coordinator that is still elected says nothing about rights
        return False
    return False


_FORBIDDEN: Final = (ClusterAuthorizationFailedError, TopicAuthorizationFailedError)


async def _refuse_unlisted(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    if missing := set(names) - set(await admin.list_topics()):
        raise UnknownTopicOrPartitionError(f"Created, but not listed yet: {', '.join(sorted(missing))}.")


async def _soon(ask: Callable[[], Awaitable[T]]) -> T:
    """Return what a broker answers once it knows the topics: it learns of one a moment after the controller has created it for anybody."""
    deadline = time.monotonic() + _REQUEST_MS / 1000
    while True:
        try:
            return await ask()
        except UnknownTopicOrPartitionError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)


async def _create(admin: AIOKafkaAdminClient, spec: TopicSpec, replication: int, config: Mapping[str, str]) -> bool:
    answer = await admin.create_topics([NewTopic(spec.name, spec.partitions, replication, topic_configs=dict(config))])
    for _, code, *message in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            return False
        if code:
            raise error(message[0] if message else spec.name)
    return True
