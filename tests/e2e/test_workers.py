"""Workers that come, go and die in the middle; dependencies that are unavailable: nothing is lost, nothing is done twice for long."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from devstack.stack import Stack
from faust_app.core.dispatch.pace.slot_bounds import UNKNOWN
from faust_app.settings import Settings
from tests.e2e.installation import Installation

SHOP = 8
SLOW = "/flat/{n}?bytes=20000&ms=100"
COUNT = 600


async def finished(installation: Installation) -> int:
    return installation.states(SHOP)["DONE"]


async def started(installation: Installation, *workers: str) -> Installation:
    await installation.start(*workers)
    return installation


async def all_stored_once(installation: Installation, count: int = COUNT) -> None:
    """Every image is DONE with its object, and no more objects were put than redelivery explains."""
    await installation.all_in(SHOP, "DONE", count)
    rows = installation.query("SELECT object_key, version, shown_version, scheduled_at, open_since FROM image WHERE shop_no = %s", SHOP)
    keys = set(await installation.keys(f"shops/{SHOP}/"))
    assert {row[0] for row in rows} <= keys
    assert all(version == shown and wake is None and open_since is None for _, version, shown, wake, open_since in rows)
    stored = installation.query("SELECT COUNT(*) FROM image_history WHERE shop_no = %s AND outcome = 'stored'", SHOP)
    assert stored == ((count,),), "an image has one outcome, however often its event was delivered"
    assert len(keys) <= 1.2 * count


async def test_two_workers_share_the_work_and_a_rebalance_in_the_middle_loses_nothing(installation: Installation) -> None:
    await started(installation, "one")
    await installation.register_many(SHOP, COUNT, SLOW)
    two = await installation.start_worker("two")
    await all_stored_once(installation)
    await installation.register_many(SHOP + 1, 100, "/flat/{n}?bytes=9000&v=2")
    await installation.all_in(SHOP + 1, "DONE", 100)
    one = next(process for process in installation.processes if process.name == "one")
    done = [await installation.metric(process, "shop_images_events_total", end="stored") for process in (one, two)]
    assert all(done), f"both workers stored images: {done}"


async def test_a_worker_that_is_killed_in_the_middle_is_replaced_and_nothing_is_lost(installation: Installation) -> None:
    await started(installation, "one")
    await installation.register_many(SHOP, COUNT, SLOW)
    await installation.until(lambda: installation.states(SHOP)["DONE"] > COUNT // 10, "the worker is in the middle")
    installation.processes[-1].kill()
    assert installation.states(SHOP)["DONE"] < COUNT
    await installation.start_worker("two")
    await all_stored_once(installation)


async def test_a_worker_stops_within_ten_seconds_and_gives_back_what_it_holds(installation: Installation) -> None:
    await started(installation, "one")
    await installation.register_many(SHOP, 200, "/flat/{n}?bytes=20000&ms=1000")
    worker = installation.processes[-1]
    await installation.until(lambda: _runs(installation, UNKNOWN), "every slot of an unknown source is taken")
    assert worker.terminate() <= 10
    assert "draining" in worker.log.read_text(), "it says how far the end is"
    await installation.start_worker("two")
    await all_stored_once(installation, 200)


async def test_a_process_shows_its_stacks_when_it_is_asked_and_goes_on(installation: Installation) -> None:
    await started(installation, "one")
    for process in installation.processes:
        process.signal(signal.SIGUSR1)
        await installation.until(lambda process=process: "stack of tasks" in process.log.read_text(), f"{process.name} shows its stacks")  # type: ignore[misc]
    await installation.register_many(SHOP, 1, "/flat/{n}?bytes=9000")
    await installation.all_in(SHOP, "DONE", 1)


async def test_a_worker_stops_within_ten_seconds_while_its_sources_never_answer(installation: Installation) -> None:
    await started(installation, "one")
    await installation.register_many(SHOP + 1, 1, "/flat/{n}?bytes=20000")
    await installation.all_in(SHOP + 1, "DONE", 1)  # a host that never answered would get one slot only
    await installation.register_many(SHOP, 200, "/flat/{n}?bytes=20000&ms=600000")
    await installation.until(lambda: _runs(installation, UNKNOWN), "every slot of an unknown source is taken")
    assert installation.processes[-1].terminate() <= 10
    assert installation.states(SHOP) == {"IN_PROGRESS": 200}


async def _runs(installation: Installation, count: int) -> bool:
    return await installation.metric(installation.processes[-1], "shop_images_running_events") >= count


async def test_kafka_being_unavailable_refuses_no_request_and_the_rows_are_sent_later(installation: Installation) -> None:
    await started(installation, "one")
    await asyncio.to_thread(installation.stack.kafka.pause)
    try:
        before = time.monotonic()
        for number in range(20):
            await installation.put(SHOP, f"i{number}", SLOW.format(n=number))
        assert time.monotonic() - before < 5, "no request waited for Kafka"
        await asyncio.sleep(6)  # longer than a send waits for its acknowledgement: the sender knows Kafka is unavailable
        await installation.put(SHOP, "i20", SLOW.format(n=20))
    finally:
        await asyncio.to_thread(installation.stack.kafka.resume)
    await all_stored_once(installation, 21)


async def test_registrations_spread_over_the_partitions_and_updates_follow_their_shop(installation: Installation) -> None:
    await installation.start_web()
    await installation.register_many(SHOP, 12_000, "/flat/{n}?bytes=5000")
    positions = "SELECT `partition`, COUNT(*) FROM image WHERE shop_no = %s GROUP BY `partition`"
    placed = "SELECT COUNT(*) FROM image WHERE shop_no = %s AND `offset` IS NOT NULL"
    await installation.until(lambda: installation.query(placed, SHOP) == ((12_000,),), "every event has its position")
    counts = [count for _, count in installation.query(positions, SHOP)]
    assert len(counts) == 12
    assert max(counts) <= 1.3 * sum(counts) / 12

    await installation.register_many(SHOP, 100, "/flat/{n}?bytes=5000&v=2")
    updated = "SELECT COUNT(*) FROM image WHERE shop_no = %s AND op = 'update' AND `offset` IS NOT NULL"
    await installation.until(lambda: installation.query(updated, SHOP) == ((100,),), "every update has its position")
    assert len(installation.query("SELECT DISTINCT `partition` FROM image WHERE shop_no = %s AND op = 'update'", SHOP)) == 1


async def test_a_worker_with_far_more_queued_than_it_may_hold_pauses_and_goes_on(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path
) -> None:
    """Bounds of 100 events a topic and 20 a partition, 1,500 queued: every partition is paused and resumed many times."""
    installation = Installation(install(read_ahead=100, read_ahead_per_partition=20), stack, tmp_path)
    try:
        await installation.start_web()
        await installation.register_many(SHOP, 1500, "/flat/{n}?bytes=5000")
        await installation.start_worker("one")
        await installation.until(lambda: installation.states(SHOP)["DONE"] > 500, "the worker is in the middle")
        await installation.start_worker("two")
        await all_stored_once(installation, 1500)
        assert "Traceback" not in "".join(process.log.read_text() for process in installation.processes)
    finally:
        installation.close()


async def test_a_paused_lane_waits_in_every_worker_and_over_restarts_and_goes_on_within_seconds(installation: Installation) -> None:
    await started(installation, "one", "two")
    for lane in ("express", "bulk"):  # a part of the images is express
        await installation.run_command("lanes", "pause", lane, "--reason", "an import was a mistake")
    held = "the lane bulk is paused by "
    await installation.until(lambda: _names(installation, held), "every process names the pause")
    await installation.register_many(SHOP, 100, "/flat/{n}?bytes=9000")
    installation.processes[-1].kill()
    await installation.start_worker("three")
    await installation.until(lambda: _names(installation, held), "the new worker knows it too")
    await installation.until(lambda: _reports(installation, 200, "LAGGING", 100), "the lag counts what the pause holds")
    assert installation.states(SHOP) == {"IN_PROGRESS": 100}
    assert installation.query("SELECT COUNT(*) FROM alert WHERE closed_at IS NULL") == ((0,),), "a pause wakes nobody"
    for lane in ("express", "bulk"):
        await installation.run_command("lanes", "resume", lane)
    await all_stored_once(installation, 100)
    listed, _ = await installation.run_command("lanes")
    assert listed.splitlines() == [f"the lane {lane} runs" for lane in ("express", "bulk", "retry")]


async def _names(installation: Installation, held: str) -> bool:
    for process in installation.processes:
        if process.alive:
            _, lag = await installation.call("GET", "/lag", process=process)
            if not any(reason.startswith(held) for reason in lag.get("held_by", ())):
                return False
    return True


async def _reports(installation: Installation, status: int, verdict: str, lag: int) -> bool:
    """Whether /lag answers so; it is measured once in a while, so an answer can be older than the images."""
    answered, body = await installation.call("GET", "/lag")
    return (answered, body["status"], body["lag"]) == (status, verdict, lag)
