"""Where Kafka stands and which rows stand where, for the fakes and for the real services alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupLoadInProgressError

from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.kafka.producer import KafkaEventLog
from faust_app.adapters.kafka.record_ages import KafkaRecordAges
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.intake_offsets import MariaIntakeOffsets
from faust_app.adapters.mariadb.unfinished_images import MariaUnfinishedRows
from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.ports.images import ImageRepository, UnfinishedRows
from faust_app.settings import Settings
from tests.factories import LEASE, make_request
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.unfinished_rows import FakeUnfinishedRows


@dataclass
class Rows:
    repository: ImageRepository
    unfinished: UnfinishedRows

    async def published(self, shop_no: int, image_id: str, topic: str, offset: int) -> ImageRow:
        request = make_request(shop_no, image_id)
        (decision,) = await self.repository.change([request.key], lambda locked: decide([request], locked, IntakeTerms(LEASE)), create=True)
        await self.repository.mark_published([(decision.row, Position(topic, 3, offset))])
        return decision.row


NOBODY = {"bootstrap_servers": ["127.0.0.1:1"], "security_protocol": "PLAINTEXT"}


@pytest.fixture(params=["fake", "mariadb"])
async def rows(request: pytest.FixtureRequest) -> AsyncIterator[Rows]:
    if request.param == "fake":
        fake = FakeImageRepository()
        yield Rows(fake, FakeUnfinishedRows(fake))
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 8) as database:
        yield Rows(MariaImageRepository(database), MariaUnfinishedRows(database))


async def test_rows_are_found_below_and_from_an_offset_of_their_partition(rows: Rows, shop_no: int) -> None:
    topic = f"topic-{shop_no}"
    for offset in range(5):
        await rows.published(shop_no, f"i{offset}", topic, offset)
    await rows.published(shop_no, "elsewhere", f"{topic}-other", 0)
    below = await rows.unfinished.below({(topic, 3): 2}, 10)
    assert {row.image_id for row in below} == {b"i0", b"i1"}
    assert {row.image_id for row in await rows.unfinished.from_on({(topic, 3): 4}, 10)} == {b"i4"}
    assert len(await rows.unfinished.below({(topic, 3): 5}, 3)) == 3
    assert await rows.unfinished.below({(topic, 1): 5}, 10) == []
    assert {(topic, 3), (f"{topic}-other", 3)} <= await rows.unfinished.places()


async def test_a_row_that_waits_has_no_place(rows: Rows, shop_no: int) -> None:
    topic = f"topic-{shop_no}"
    await rows.published(shop_no, "a", topic, 1)
    request = make_request(shop_no, "a", source_url="https://shop.test/another.jpg")
    await rows.repository.change([request.key], lambda locked: decide([request], locked, IntakeTerms(LEASE)), create=True)
    assert await rows.unfinished.below({(topic, 3): 9}, 10) == []


async def test_offsets_of_a_group_are_read_without_joining_it(settings: Settings) -> None:
    topics = settings.topics
    bulk = topics.bulk.name
    await _commit(settings, TopicPartition(bulk, 0), 0, group="the first of all")  # a new cluster has no coordinator before
    connected = KafkaEventLog.connect(settings.kafka, client_id="t", probe_topic=topics.probe.name)
    async with connected as log, KafkaConsumerOffsets.connect(settings.kafka, "offsets-test", [bulk]) as offsets:
        before = await offsets.committed()
        assert {place: partition.committed for place, partition in before.items()} == {(bulk, n): None for n in range(12)}
        results = await log.publish([Message(bulk, b"x", b"key") for _ in range(5)])
        (place,) = {(result.topic, result.partition) for result in results if isinstance(result, Position)}
        ends = await offsets.ends()
        await _commit(settings, TopicPartition(*place), ends[place] - 2)
        after = await offsets.committed()
        assert after[place].committed == ends[place] - 2
        assert after[place].start == 0
        assert sum(partition.committed is None for partition in after.values()) == 11


async def test_many_may_ask_at_once_also_while_nobody_answers(settings: Settings) -> None:
    bulk = settings.topics.bulk.name
    async with KafkaConsumerOffsets.connect(NOBODY, "offsets-test", [bulk]) as offsets:
        asked = (offsets.committed(), offsets.ends(), offsets.committed(), offsets.ends())
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 4


async def test_records_are_counted_by_their_age(settings: Settings) -> None:
    topics = settings.topics
    ages = KafkaRecordAges(settings.kafka, topics.dead_letter.name)
    now = datetime.now(UTC).replace(tzinfo=None)
    before = await ages.appended_before(now + timedelta(hours=1))
    async with KafkaEventLog.connect(settings.kafka, client_id="t", probe_topic=topics.probe.name) as log:
        await log.publish([Message(topics.dead_letter.name, b"x", b"%d" % key) for key in range(9)])
    assert await ages.appended_before(now + timedelta(hours=1)) == before + 9
    assert await ages.appended_before(now - timedelta(hours=1)) == 0
    with pytest.raises(Unavailable):
        await KafkaRecordAges(settings.kafka, "no-such-topic").appended_before(now)


async def test_members_and_times_of_records_are_read_without_joining(settings: Settings) -> None:
    topics = settings.topics
    retry = topics.retry.name
    await _commit(settings, TopicPartition(retry, 0), 0, group="the first of all")
    connected = KafkaEventLog.connect(settings.kafka, client_id="t", probe_topic=topics.probe.name)
    async with connected as log, KafkaConsumerOffsets.connect(settings.kafka, "members-test", [retry]) as offsets:
        assert await offsets.members() == 0
        assert await offsets.appended_at({}) == {}
        results = await log.publish([Message(retry, b"x", b"key") for _ in range(3)])
        (place,) = {(result.topic, result.partition) for result in results if isinstance(result, Position)}
        end = (await offsets.ends())[place]
        times = await offsets.appended_at({place: end - 2})
        assert abs(times[place] - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
        other = (retry, (place[1] + 1) % 12)
        assert set(await offsets.appended_at({place: end - 1, other: (await offsets.ends())[other]})) == {place}
        async with AIOKafkaConsumer(retry, **settings.kafka, group_id="members-test") as consumer:
            await consumer.getmany(timeout_ms=100)
            assert await offsets.members() == 1
        assert await offsets.members() == 0


async def test_a_broker_that_cannot_tell_the_members_is_an_outage_and_not_a_group_without_any() -> None:
    class Clients:
        async def describe_consumer_groups(self, groups: list[str]) -> list[SimpleNamespace]:
            return [SimpleNamespace(groups=[(GroupLoadInProgressError.errno, groups[0], "", "", "", [])])]

        async def close(self) -> None: ...

        async def stop(self) -> None: ...

    offsets = KafkaConsumerOffsets(NOBODY, "members-test", [])
    offsets._admin = offsets._consumer = cast("Any", Clients())
    with pytest.raises(Unavailable, match="COORDINATOR_LOAD_IN_PROGRESS"):
        await offsets.members()


async def test_a_topic_that_kafka_does_not_know_is_an_outage_and_loses_no_row(settings: Settings) -> None:
    retry = settings.topics.retry.name
    async with KafkaConsumerOffsets.connect(settings.kafka, "offsets-test", [retry, "no-such-topic"]) as offsets:
        with pytest.raises(Unavailable, match="UNKNOWN_TOPIC_OR_PARTITION"):
            await offsets.ends()


async def test_questions_that_are_asked_at_once_are_all_answered(settings: Settings) -> None:
    topics = [spec.name for spec in settings.topics.images]
    await _commit(settings, TopicPartition(topics[0], 0), 0, group="the first of all")
    async with AIOKafkaProducer(**settings.kafka) as producer:
        await producer.send_and_wait(topics[0], b"x", partition=0)  # a record that is not there would be waited for
    async with KafkaConsumerOffsets.connect(settings.kafka, "offsets-test", topics) as offsets:
        first = {(topics[0], 0): 0}
        questions = (offsets.committed, offsets.ends, lambda: offsets.appended_at(first), offsets.members)
        answers = await asyncio.gather(*(ask() for _ in range(3) for ask in questions))
    assert [len(answer) for answer in answers if isinstance(answer, dict) and len(answer) > 1] == [36] * 6


async def test_what_the_rows_have_is_read_for_every_partition_of_which_something_was_taken(settings: Settings) -> None:
    async with Database.connect(settings.database, 2) as database:
        insert = "REPLACE INTO intake_offset (topic, `partition`, next_offset, updated_at) VALUES (%s, %s, %s, UTC_TIMESTAMP(6))"
        for partition, offset in ((1, 7), (2, 0)):
            await database.change(insert, ("positions-test", partition, offset))
        stored = await MariaIntakeOffsets(database).next_offsets()
        await database.change("DELETE FROM intake_offset WHERE topic = %s", ("positions-test",))
    assert {place: offset for place, offset in stored.items() if place[0] == "positions-test"} == {("positions-test", 1): 7}


async def _commit(settings: Settings, tp: TopicPartition, offset: int, *, group: str = "offsets-test") -> None:
    consumer = AIOKafkaConsumer(**settings.kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([tp])
    async with asyncio.timeout(20):
        await consumer.commit({tp: offset})
    await consumer.stop()
