"""Events that are gone without an outcome, on the real services: their rows are found and published again, and no others."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

SHOP = 10


@pytest.fixture
def rescuing(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """An installation that looks for lost rows every second."""
    installation = Installation(install(rescue_interval=1.0), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def placed(installation: Installation, count: int) -> None:
    sql = "SELECT COUNT(*) FROM image WHERE shop_no = %s AND `offset` IS NOT NULL"
    await installation.until(lambda: installation.query(sql, SHOP) == ((count,),), "every event has its position")


async def commit_to_the_end(installation: Installation, *topics: str) -> None:
    """Move the group's offsets past every event, as a manual reset or a worker that lost them would."""
    consumer = AIOKafkaConsumer(**installation.settings.kafka, group_id=installation.settings.app_id, enable_auto_commit=False)
    await consumer.start()
    tps = [TopicPartition(topic, partition) for topic in topics for partition in range(12)]
    ends = await consumer.end_offsets(tps)
    consumer.assign(tps)
    async with asyncio.timeout(20):
        await consumer.commit(ends)
    await consumer.stop()


async def test_events_that_the_groups_offsets_passed_are_rescued_and_stored(rescuing: Installation) -> None:
    await rescuing.start_web()
    await rescuing.register_many(SHOP, 200, "/flat/{n}?bytes=5000")
    await placed(rescuing, 200)
    await commit_to_the_end(rescuing, rescuing.topics.express.name, rescuing.topics.bulk.name)
    await rescuing.start_worker("one")
    await rescuing.all_in(SHOP, "DONE", 200)
    rescued = rescuing.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome = 'rescued'", SHOP)
    assert rescued == ((200,),)


async def test_what_waits_behind_a_backlog_is_never_rescued(rescuing: Installation) -> None:
    await rescuing.start_web()
    await rescuing.register_many(SHOP, 500, "/flat/{n}?bytes=5000&ms=300")
    await placed(rescuing, 500)
    worker = await rescuing.start_worker("one")
    await rescuing.until(lambda: rescuing.states(SHOP)["DONE"] > 250, "the worker is in the middle, after many passes")
    worker.kill()
    await rescuing.start_worker("two")
    await rescuing.all_in(SHOP, "DONE", 500)
    assert rescuing.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome = 'rescued'", SHOP) == ((0,),)
