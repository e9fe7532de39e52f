"""Partitions and workers are added while images are under way: nothing is lost or left behind, and nothing is taken for lost."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.e2e.installation import Installation

SHOP = 9
SLOW = "/flat/{n}?bytes=20000&ms=100"


async def add_partitions(installation: Installation, count: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=installation.settings.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_partitions({spec.name: NewPartitions(total_count=count) for spec in installation.topics.images})
    finally:
        await admin.close()


@pytest.mark.proof
async def test_partitions_and_workers_that_are_added_under_load_lose_nothing(installation: Installation) -> None:
    await installation.start("one")
    await installation.register_many(SHOP, 300, SLOW)
    await add_partitions(installation, 24)
    assert installation.web is not None
    installation.web.terminate()
    await installation.start_web()  # it publishes to partitions that the worker does not know yet
    await installation.register_many(SHOP + 1, 600, SLOW)
    spread = "SELECT COUNT(DISTINCT `partition`) FROM image WHERE shop_no = %s AND `partition` >= 12"
    await installation.until(lambda: installation.query(spread, SHOP + 1)[0][0] > 3, "new partitions hold events")
    await installation.start_worker("two")
    lost = 0

    async def done() -> bool:
        nonlocal lost
        for process in installation.processes:
            if process.alive:
                status, stalled = await installation.call("GET", "/stalled", process=process)
                lost = max(lost, stalled.get("lost", 0) if status == 200 else 0)
        return [installation.states(shop)["DONE"] for shop in (SHOP, SHOP + 1)] == [300, 600]

    await installation.until(done, "every image is stored", limit=150)
    assert lost == 0, "an event in a partition that a process does not know yet is queued, not lost"
    assert installation.query("SELECT COUNT(*) FROM image_history WHERE outcome = 'rescued'") == ((0,),)
    stored = installation.query("SELECT COUNT(*) FROM image_history WHERE outcome = 'stored'")
    assert stored == ((900,),), "each image has one outcome"


@pytest.mark.proof
async def test_what_comes_while_partitions_move_is_fetched_again_though_nothing_is_committed(installation: Installation) -> None:
    """The flow of events resumes late after an assignment: the fetch of the time before gets the first events, and they are dropped."""
    late = {"SHOP_IMAGES_FAUST_STREAM_RECOVERY_DELAY": "3"}
    await installation.start_web()
    one = installation.spawn("one", "faust_app", **late)
    await installation.until_ready(one)
    await installation.register_many(SHOP + 1, 1, "/flat/{n}?bytes=2000")
    await installation.all_in(SHOP + 1, "DONE", 1)  # the flow has resumed, and of one partition something is committed
    installation.spawn("two", "faust_app", **late)
    moves = f"Heartbeat failed for group {installation.settings.app_id} because it is rebalancing"
    await installation.until(lambda: moves in one.log.read_text(), "the partitions move")
    await installation.register_many(SHOP, 300, "/flat/{n}?bytes=2000")
    await installation.all_in(SHOP, "DONE", 300)
