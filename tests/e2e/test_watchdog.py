"""A worker that does not get on ends itself and loses nothing; one that has nothing to do, or may do nothing, stays."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Stack
from faust_app.core.monitoring.watchdog import EXIT_CODE
from faust_app.settings import Settings
from tests.e2e.installation import Installation, Process

SHOP = 11
LIMIT = 6.0


@pytest.fixture
def watched(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    settings = install(event_deadline=1.5, watchdog_after=LIMIT, snapshot_interval=1.0)
    installation = Installation(settings, stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


def logged(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("stall", "reason", "frame"),
    [("start none", "image events: ", "Agent._execute_actor"), ("block the loop", "the event loop is blocked", "block_the_loop")],
)
async def test_a_worker_that_does_not_get_on_ends_itself_and_another_does_its_work(
    watched: Installation, stall: str, reason: str, frame: str
) -> None:
    await watched.start_web()
    worker = watched.spawn("stalling", "tests.e2e.stalling_worker", STALL=stall, LOG_FORMAT="json")
    await watched.register_many(SHOP, 20, "/flat/{n}?bytes=5000")
    await watched.until(lambda: not worker.alive, "the worker ended itself")
    assert worker.exit_code == EXIT_CODE
    told = logged(worker)
    (why,) = [entry["reason"] for entry in told if entry["event"].startswith("worker stalled")]
    assert why.startswith(reason)
    assert frame in str([entry["frames"] for entry in told if entry["event"].startswith("stack of")])
    ((fault, detail),) = watched.query("SELECT code, detail FROM alert WHERE code = 'worker_stalled'")
    assert (fault, detail) == ("worker_stalled", why)
    await watched.start_worker("another")
    await watched.all_in(SHOP, "DONE", 20)


async def test_a_worker_stays_on_an_idle_topic_with_an_open_breaker_and_with_hanging_sources(watched: Installation, stack: Stack) -> None:
    _, worker = await watched.start("one")
    await longer_than_the_limit(watched, worker)
    stack.seaweedfs.kill()
    try:
        await watched.register_many(SHOP, 20, "/flat/{n}?bytes=5000")
        await watched.until(lambda: open_breaker(watched, worker), "the breaker is open")
        await longer_than_the_limit(watched, worker)
    finally:
        stack.seaweedfs.start()
    await watched.all_in(SHOP, "DONE", 20)
    # Last, because a host that hangs is deferred, and nothing fetched from it would reach the storage.
    await watched.register_many(SHOP + 1, 20, "/flat/{n}?bytes=5000&ms=30000")
    await longer_than_the_limit(watched, worker)


async def test_a_worker_whose_event_waits_for_a_frozen_database_stays(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path
) -> None:
    limit = 20.0  # seconds; that the database does not answer is known after 15
    # A deadline that ends a call of the worker just before the limit: no breaker opens in time.
    installation = Installation(install(event_deadline=19, watchdog_after=limit, snapshot_interval=1.0), stack, tmp_path)
    try:
        _, worker = await installation.start("one")
        await installation.register_many(SHOP, 1, "/flat/{n}?bytes=5000&ms=2000")

        async def fetches() -> bool:
            return await installation.metric(worker, "shop_images_running_events") == 1

        await installation.until(fetches, "the fetch runs")
        stack.mariadb.pause()
        try:
            await longer_than_the_limit(installation, worker, limit)
        finally:
            stack.mariadb.resume()
        await installation.all_in(SHOP, "DONE", 1)
    finally:
        installation.close()


async def open_breaker(installation: Installation, worker: Process) -> bool:
    return await installation.metric(worker, "shop_images_breaker_open", dependency="storage") == 1


async def longer_than_the_limit(installation: Installation, worker: Process, limit: float = LIMIT) -> None:
    """Wait so long that a worker whose every second counted would have ended."""
    begun = time.monotonic()
    await installation.until(lambda: not worker.alive or time.monotonic() - begun > 1.25 * limit, "longer than the limit")
    assert worker.alive, worker.log.read_text()[-3000:]
