"""Reads and alters the configuration of topics: Kafka answers each topic with a code of its own, and aiokafka raises for none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError, for_code

from faust_app.core.failure import Dependency, Misconfigured

RIGHTS: Final = "KAFKA_USERNAME and the rights of that user"
_OF_THE_TOPIC: Final = 1
"""Kafka's DYNAMIC_TOPIC_CONFIG: set for this topic, not taken over from the broker."""


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """What holds for a topic, and the part of it that was set for this topic."""

    values: Mapping[str, str]
    own: Mapping[str, str]


async def read_configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, TopicConfig]:
    """Return the configurations by topic. Raises Misconfigured, which names the right that Kafka refuses, and KafkaError."""
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found = {}
    for name, entries in _resources(answers, "DescribeConfigs"):
        values = [(entry[0], entry[1], entry[3]) for entry in entries[0] if entry[1] is not None]
        own = {key: value for key, value, source in values if source == _OF_THE_TOPIC}
        found[name] = TopicConfig({key: value for key, value, _ in values}, own)
    return found


async def alter_config(admin: AIOKafkaAdminClient, name: str, present: TopicConfig, changes: Mapping[str, str]) -> None:
    """Change these entries of a topic. Raises Misconfigured, which names the right that Kafka refuses, and KafkaError."""
    # The request resets every entry that it leaves out, so it repeats what was set for the topic before.
    answers = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {**present.own, **changes})])
    for _ in _resources(answers, "AlterConfigs"):
        pass


def _resources(answers: Sequence[Any], right: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield each topic with the rest of its answer; an answer with a code is raised."""
    for answer in answers:
        for code, message, _, name, *rest in answer.resources:
            error = for_code(code)
            if issubclass(error, TopicAuthorizationFailedError | ClusterAuthorizationFailedError):
                raise Misconfigured(Dependency.KAFKA, f"Kafka refuses us {right} on the topic {name}.", setting=RIGHTS)
            if code:
                raise error(f"{name}: {message or error.description}")
            yield name, rest
