"""What a worker says before it ends itself is stored; where it cannot be, it is sent; and it never takes long."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database
from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.text import Place
from faust_app.flows.alerts import final_alert as final_alert_module
from faust_app.settings import Settings
from faust_app.wiring.alerts import final_alert
from tests.contracts.conftest import emptied

PLACE = Place(ZoneInfo("UTC"), None)
REASON = "image events: 3 events held, no progress for 120 s"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def received() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    bodies: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook")), bodies


def without_database(closed_port: int, hook: str | None) -> Settings:
    values: dict[str, Any] = {"alert_webhook_url": hook, "alert_webhook_secret": SECRET} if hook else {}
    return Settings(_env_file=None, database_url=f"mysql://x:y@127.0.0.1:{closed_port}/z", **values)


async def test_an_alert_is_stored_as_old_as_the_fault(alert_settings: Settings) -> None:
    async with Database.connect(alert_settings.database, 2) as database:
        await emptied(database)
        await asyncio.to_thread(final_alert(alert_settings, "host:1", PLACE), REASON)
        alerts = MariaAlertRepository(database)
        (alert,) = await alerts.open_alerts(10)
        ((now,),) = await database.rows("SELECT UTC_TIMESTAMP(6)")
        impact = await alerts.impact([alert], now)
    assert (alert.code, alert.detail) == ("worker_stalled", REASON)
    assert (now - alert.opened_at).total_seconds() >= alert_settings.watchdog_after
    assert impact[alert.fingerprint].workers == ("host:1",)


async def test_without_the_database_it_is_sent(received: tuple[str, list[dict[str, Any]]], unused_tcp_port: int) -> None:
    hook, bodies = received
    await asyncio.to_thread(final_alert(without_database(unused_tcp_port, hook), "host:1", PLACE), REASON)
    (body,) = bodies
    assert "ended itself" in body["data"]["title"]
    assert REASON in body["data"]["text"]
    assert "host:1" in body["data"]["text"]


async def test_without_database_and_messenger_it_ends_all_the_same(unused_tcp_port: int) -> None:
    await asyncio.to_thread(final_alert(without_database(unused_tcp_port, None), "host:1", PLACE), REASON)


async def test_a_database_that_accepts_and_never_answers_is_not_waited_for(
    received: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(final_alert_module, "STORE_SECONDS", 0.2)
    (hook, bodies), left = received, asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        await asyncio.to_thread(final_alert(without_database(port, hook), "host:1", PLACE), REASON)
        await left.wait()
    finally:
        server.close()
    assert len(bodies) == 1


async def test_the_kinds_of_faults_that_processes_have_are_known_to_others(alert_settings: Settings) -> None:
    async with Database.connect(alert_settings.database, 2) as database:
        await emptied(database)
        faults = MariaFaults(database)
        assert await faults.present() == []
        fault = PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1")
        await faults.open_fault(fault, age=timedelta(0), reported_ago=None)
        assert await faults.present() == [FaultKind.DEPENDENCY_STORAGE]
        await faults.close_fault(fault)
        assert await faults.present() == []
