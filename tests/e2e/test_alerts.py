"""What people hear of, from real workers through a real webhook."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

SHOP = 8


class Messenger:
    """What arrived at the webhook, each id with how often it came; `down` answers 503."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.down = False

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.down:
            return web.Response(status=503)
        self.ids.append(request.headers["webhook-id"])
        self.bodies.append(json.loads(body))
        return web.Response()

    def titles(self) -> list[str]:
        return [body["data"]["title"] for body in self.bodies]


@pytest.fixture
async def messenger() -> AsyncIterator[tuple[Messenger, str]]:
    messenger = Messenger()
    app = web.Application()
    app.router.add_post("/hook", messenger.answer)
    async with TestServer(app) as server:
        yield messenger, str(server.make_url("/hook"))


@pytest.fixture
def installation(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path, messenger: tuple[Messenger, str]
) -> Iterator[Installation]:
    settings = install(alert_webhook_url=messenger[1], alert_webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    installation = Installation(settings, stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def test_failures_of_one_cause_on_two_workers_are_told_once_and_a_dead_sender_is_followed(
    installation: Installation, messenger: tuple[Messenger, str]
) -> None:
    heard, _ = messenger
    await installation.start("one", "two")
    await installation.register_many(SHOP, 60, "/status/410/missing-{n}.jpg")
    await installation.all_in(SHOP, "FAILED", 60)
    await installation.until(lambda: len(heard.bodies) >= 1, "the messenger hears of it")
    host = installation.source.removeprefix("http://")
    assert heard.titles()[0].startswith(f"[shop] Images fail: source gone at {host}")
    ((count, told),) = installation.query("SELECT occurrences, reported_count FROM alert")
    assert (count, told) == (60, heard.bodies[0]["data"]["causes"][0]["images"])
    assert installation.query("SELECT SUM(outcomes) FROM outcome_count WHERE code IN ('', 'source_gone') GROUP BY code") == ((60,), (60,))

    holder = installation.query("SELECT holder FROM lease WHERE name = 'alerts'")[0][0]
    for process in installation.processes:
        if f":{process.pid}:" in holder:
            process.kill()
    installation.execute("UPDATE lease SET `until` = `until` - INTERVAL 25 SECOND")  # the rest of its half minute is waited for
    assert installation.web is not None
    if not installation.web.alive:
        await installation.start_web()
    await installation.register_many(SHOP + 1, 60, "/status/410/missing-{n}.jpg")
    await installation.until(lambda: ": now 1" in heard.titles()[-1], "another process tells how it grew", limit=90)
    assert len(heard.ids) == len(set(heard.ids)) == 2


async def test_an_unavailable_database_is_told_without_it(installation: Installation, messenger: tuple[Messenger, str]) -> None:
    heard, _ = messenger
    await installation.start_web()
    await asyncio.to_thread(installation.stack.mariadb.stop)
    try:
        await installation.until(lambda: len(heard.bodies) >= 1, "the messenger hears of it")
    finally:
        await asyncio.to_thread(installation.stack.mariadb.start)
    assert [(body["data"]["title"], body["data"]["urgency"]) for body in heard.bodies] == [
        ("[platform, wake] The database is unavailable", "wake")
    ]
    await installation.until(
        lambda: installation.query("SELECT reported_count, woken_at IS NULL FROM alert WHERE ended_at IS NOT NULL") == ((1, 0),),
        "its alert is written as told",
    )
    log = installation.processes[0].log.read_text()
    assert "/hook" not in log
    assert "Traceback" not in log
