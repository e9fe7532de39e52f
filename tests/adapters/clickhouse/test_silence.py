"""What a store that hangs, refuses or is asked by many at once costs those who read it."""

import asyncio
import itertools
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from faust_app.adapters.clickhouse import daily_statistics
from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.adapters.clickhouse.pause import Pause
from faust_app.core.statistics.unavailable import StoreUnavailable

DAY = date(2026, 3, 1)


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[BaseTestServer]:
    application = web.Application()
    application.router.add_route("*", "/", answer)
    async with TestServer(application) as server:
        yield server


def refused(*_: object) -> web.Response:
    return web.Response(status=500, text="Code: 60. DB::Exception: no such table", headers={"X-ClickHouse-Exception-Code": "60"})


async def test_a_store_that_hangs_costs_one_time_out_and_is_then_left_alone() -> None:
    asked, over = 0, asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        await over.wait()
        return refused()

    async with (
        serving(hang) as server,
        ClickHouseDailyStatistics.connect(f"http://127.0.0.1:{server.port}/", seconds=0.05, pause=60) as store,
    ):
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await store.manifest()
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="a moment ago"):
                await store.shop_rows(1, DAY, DAY)
        over.set()
    assert asked <= 1


async def test_nobody_on_the_port_is_silence_and_a_refusal_is_none() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return refused()

    async with serving(refuse) as server, ClickHouseDailyStatistics.connect(f"http://127.0.0.1:{server.port}/", pause=60) as store:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="no such table"):
                await store.manifest()
        port = server.port
    async with ClickHouseDailyStatistics.connect(f"http://127.0.0.1:{port}/", pause=60) as store:
        with pytest.raises(StoreUnavailable, match="failed"):
            await store.manifest()
        with pytest.raises(StoreUnavailable, match="a moment ago"):
            await store.manifest()


async def test_a_load_is_never_refused_for_what_another_statement_met() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return refused()

    async with serving(refuse) as server:
        port = server.port
    async with ClickHouseDailyStatistics.connect(f"http://127.0.0.1:{port}/") as store:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="failed"):
                await store.manifest()


async def test_user_and_password_reach_the_server_as_they_were_meant() -> None:
    given = []

    async def refuse(request: web.Request) -> web.Response:
        given.append(b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode())
        return refused()

    async with (
        serving(refuse) as server,
        ClickHouseDailyStatistics.connect(f"http://us%40er:p%2Fa%3Ass%25@127.0.0.1:{server.port}/") as store,
    ):
        with pytest.raises(StoreUnavailable):
            await store.manifest()
    assert set(given) == {"us@er:p/a:ss%"}


async def test_many_who_ask_first_share_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = itertools.count(1)
    most = 0

    class Client:
        async def query(self, *_: object, **__: object) -> Any:
            raise TimeoutError

        async def close(self) -> None: ...

    async def open_client(**_: object) -> Client:
        nonlocal most
        most = next(opened)
        await asyncio.sleep(0)
        return Client()

    monkeypatch.setattr(daily_statistics, "get_async_client", open_client)
    async with ClickHouseDailyStatistics.connect("http://127.0.0.1:1/") as store:
        await asyncio.gather(*(store.manifest() for _ in range(5)), return_exceptions=True)
    assert most == 1


def test_one_attempt_goes_first_after_a_pause_and_an_answer_ends_it() -> None:
    now = 100.0
    pause = Pause(5.0, 2.0, lambda: now)
    pause.check()
    pause.begin()
    now += 4.9
    with pytest.raises(StoreUnavailable):
        pause.check()
    now += 0.1
    pause.check()
    with pytest.raises(StoreUnavailable):
        pause.check()
    now += 2.0  # the attempt was given up without a word
    pause.check()
    pause.end()
    pause.check()
    pause.check()
