"""Setup and self-check with exactly the rights that docs/deploying.md lists, and what they say of one that is missing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.admin import CreateAclsRequest

from devstack.kafka import STRANGER
from devstack.stack import Stack
from faust_app.adapters.kafka.topic_configs import read_configs
from faust_app.adapters.kafka.topics import ensure_topics, refuse_missing
from faust_app.core.failure import Misconfigured
from faust_app.core.selfcheck.finding import Verdict
from faust_app.settings import Settings
from faust_app.wiring.selfcheck import selfcheck

OPERATIONS: Final = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
TOPIC, GROUP, PREFIXED, ALLOW = 2, 3, 4, 3
PROCESS: Final = ("Describe", "Read", "Write")


@asynccontextmanager
async def everything(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a client who may do everything."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def granted(settings: Settings, stack: Stack, prefix: str, rights: Sequence[str]) -> Settings:
    """Return the settings of a user who has these rights on the topics of the prefix, and those of a process on its groups."""
    wanted = [(TOPIC, prefix, OPERATIONS[right]) for right in rights]
    wanted += [(GROUP, group, OPERATIONS[right]) for group in (settings.app_id, prefix) for right in ("Read", "Describe")]
    async with everything(settings) as admin:
        for kind, name, operation in wanted:
            request = CreateAclsRequest(kind, name, PREFIXED, f"User:{STRANGER}", "*", operation, ALLOW)
            answer = await admin._send_request(request)
            assert [code for code, _ in answer.creation_responses] == [0]
    assert stack.authority is not None
    login = {
        "kafka_url": f"kafka://127.0.0.1:{stack.ports.kafka_secured}",
        "kafka_security": "sasl_ssl",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_username": STRANGER,
        "kafka_password": stack.secrets.kafka_password,
        "kafka_ca": str(stack.authority.ca),
        "topic_prefix": prefix,
    }
    limited = Settings(_env_file=None, **{name: getattr(settings, name) for name in settings.model_fields_set} | login)
    # The broker applies rights in their order, a moment after it acknowledged them: with the last one it has all.
    await until(partial(_may_join, limited, prefix))
    return limited


async def _may_join(settings: Settings, group: str) -> bool:
    try:
        await refuse_missing(settings.kafka, [], [group])
    except Misconfigured:
        return False
    return True


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.05)


async def set_up(settings: Settings, **changes: Any) -> list[str]:
    options = {"replication": settings.topic_replication, "min_insync": settings.topic_min_insync_replicas} | changes
    created = await ensure_topics(settings.kafka, settings.topics.all, **options)
    await until(partial(_exist, settings))
    return created


async def alter(settings: Settings, topic: str, config: Mapping[str, str]) -> None:
    async with everything(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(config))])
    await until(partial(_is_own, settings, {topic: config}))


async def _is_own(settings: Settings, wanted: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether the topics have exactly these settings of their own."""
    async with everything(settings) as admin:
        return {name: each.own for name, each in (await read_configs(admin, list(wanted))).items()} == wanted


async def _exist(settings: Settings) -> bool:
    try:
        await refuse_missing(settings.kafka, settings.topics.all, [])
    except Misconfigured:
        return False
    return True


def _sockets_to(port: int) -> int:
    """Return how many sockets of this process are connected to the port, by what Linux says of them."""
    own = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            own.add(str(descriptor.readlink()))
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(int(fields[2].partition(":")[2], 16) == port and f"socket:[{fields[9]}]" in own for fields in lines)


@pytest.fixture(autouse=True)
async def closed_connections(stack: Stack) -> AsyncIterator[None]:
    """Wait for the end of TLS connections: the client waits for no answer of the broker, and the loop ends with the test."""
    yield

    async def are_closed() -> bool:
        return not _sockets_to(stack.ports.kafka_secured)

    await until(are_closed)


@pytest.fixture(scope="module")
def installed(install: Callable[..., Settings]) -> Settings:
    return install()


async def test_with_the_documented_rights_setup_and_check_find_nothing_wrong(installed: Settings, stack: Stack) -> None:
    settings = await granted(installed, stack, "all-rights.", [*PROCESS, "Create", "DescribeConfigs", "AlterConfigs"])
    assert len(await set_up(settings)) == 7
    assert await set_up(settings) == []
    findings = await selfcheck(settings)
    assert [each for each in findings if each.verdict is Verdict.ERROR] == []
    assert [each.verdict for each in findings if each.subject == "topics"] == [Verdict.OK]


async def test_a_check_without_describe_configs_names_that_right_alone(installed: Settings, stack: Stack) -> None:
    await set_up(installed.model_copy(update={"topic_prefix": "process-rights."}))
    settings = await granted(installed, stack, "process-rights.", PROCESS)
    of_kafka = [each for each in await selfcheck(settings) if each.subject.startswith(("topic", "Kafka"))]
    findings = [each for each in of_kafka if each.verdict is not Verdict.OK]
    assert [(each.subject, each.verdict) for each in findings] == [("topics", Verdict.WARNING)]
    assert "DescribeConfigs" in findings[0].remedy


@pytest.mark.parametrize(
    ("prefix", "rights", "refused"),
    [("no-alter.", ("Create", "Describe", "DescribeConfigs"), "AlterConfigs"), ("no-describe.", ("Create", "Describe"), "DescribeConfigs")],
)
async def test_setup_fails_with_the_right_that_kafka_refuses(
    installed: Settings, stack: Stack, prefix: str, rights: Sequence[str], refused: str
) -> None:
    await set_up(installed.model_copy(update={"topic_prefix": prefix}))
    await alter(installed, f"{prefix}bulk", {"retention.ms": "1000"})
    with pytest.raises(Misconfigured, match=f"refuses us {refused} on the topic {prefix}") as caught:
        await set_up(await granted(installed, stack, prefix, rights))
    assert "KAFKA_USERNAME" in caught.value.setting


async def test_setup_changes_what_differs_and_keeps_the_rest_and_a_longer_retention(installed: Settings) -> None:
    settings = installed.model_copy(update={"topic_prefix": "kept."})
    topics = settings.topics
    await set_up(settings)
    await alter(settings, topics.dead_letter.name, {"min.insync.replicas": "1", "retention.ms": "7776000000", "segment.bytes": "1048576"})
    await alter(settings, topics.bulk.name, {"min.insync.replicas": "1", "retention.ms": "1000", "max.message.bytes": "2000000"})
    await set_up(settings)
    least = {"min.insync.replicas": "1", "message.timestamp.type": "LogAppendTime"}
    wanted = {
        topics.dead_letter.name: {**least, "retention.ms": "7776000000", "segment.bytes": "1048576"},
        topics.bulk.name: {**least, "retention.ms": "604800000", "max.message.bytes": "2000000"},
    }
    await until(partial(_is_own, settings, wanted))
