"""The daily jobs on real workers: run once, told once, and handed over where a worker stops."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

ROW = (
    "INSERT INTO image (shop_no, image_id, version, op, requested_at, state,"
    " scheduled_at, schedule_reason, open_since, deleted_at, updated_at)"
    " SELECT 7, %s, 1, 'register', at, %s, IF(%s = 'IN_PROGRESS', at + INTERVAL 90 DAY, NULL), 'deferred',"
    " IF(%s = 'IN_PROGRESS', at, NULL), IF(%s = 'DELETED', at, NULL), at FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL %s DAY at) x"
)


@pytest.fixture
async def heard() -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", answer)
    async with TestServer(app) as server:
        yield bodies, str(server.make_url("/hook"))


@pytest.fixture
def installation(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path, heard: tuple[list[dict[str, Any]], str]
) -> Iterator[Installation]:
    settings = install(
        alert_webhook_url=heard[1], alert_webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", rescue_interval=1.0, collect_interval=1.0
    )
    installation = Installation(settings, stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


def put_row(installation: Installation, name: str, state: str, days: int) -> None:
    installation.execute(ROW, name, state, state, state, state, days)


def holder(installation: Installation, task: str) -> str:
    found = installation.query("SELECT holder FROM lease WHERE name = %s AND `until` > UTC_TIMESTAMP(6)", task)
    return str(found[0][0]) if found else ""


def is_held(installation: Installation, task: str) -> bool:
    return holder(installation, task) != ""


async def test_over_two_workers_daily_jobs_run_once_and_leased_tasks_move_to_the_other(
    installation: Installation, heard: tuple[list[dict[str, Any]], str]
) -> None:
    bodies, _ = heard
    put_row(installation, "stuck", "IN_PROGRESS", 3)
    put_row(installation, "buried", "DELETED", 46)
    put_row(installation, "dead", "DELETED", 44)
    one, two = await asyncio.gather(installation.start_worker("one"), installation.start_worker("two"))
    await installation.until(lambda: len(bodies) == 1, "the messenger hears of the check")
    assert bodies[0]["data"]["title"] == "[daily] 1 image of 1 shop in progress for over a day: lost 0, scheduled 1 (deferred 1), queued 0"
    assert bodies[0]["type"] == "shop_images.daily"
    jobs = "SELECT job, COUNT(*), SUM(finished IS NOT NULL) FROM job_run WHERE job IN ('daily check', 'limits') GROUP BY job ORDER BY job"
    await installation.until(lambda: installation.query(jobs) == (("daily check", 1, 1), ("limits", 1, 1)), "both jobs are done")
    assert installation.query("SELECT image_id FROM image ORDER BY image_id") == ((b"dead",), (b"stuck",))

    for task in ("rescue", "collector"):
        await installation.until(partial(is_held, installation, task), f"somebody runs {task}")
        shown = [await installation.metric(worker, "shop_images_lease_held", task=task) for worker in (one, two)]
        assert sorted(shown) == [0, 1]
    stopping, staying = (one, two) if f":{one.pid}:" in holder(installation, "rescue") else (two, one)
    assert await asyncio.to_thread(stopping.terminate) < 10
    await installation.until(lambda: f":{staying.pid}:" in holder(installation, "rescue"), "the other worker follows at once", limit=10)
    assert len(bodies) == 1
    log = stopping.log.read_text()
    assert "Traceback" not in log, log
