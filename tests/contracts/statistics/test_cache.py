"""The cache on a real Valkey: what it keeps, its locks, and 500 requests over four processes that read the store once."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from devstack.stack import Stack
from faust_app.adapters.redis.report_cache import RedisReportCache
from faust_app.core.statistics.unavailable import CacheUnavailable
from faust_app.flows.ports.statistics import ReportCache
from tests.e2e.installation import CLONE
from tests.fakes.statistics_store import FakeReportCache


@dataclass
class Kept:
    cache: ReportCache
    prefix: str

    def key(self, name: str) -> str:
        return f"{self.prefix}:{name}"


@pytest.fixture(params=["fake", "valkey"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "fake":
        yield Kept(FakeReportCache(), "t")
        return
    stack: Stack = request.getfixturevalue("stack")
    async with RedisReportCache.connect(stack.valkey.address) as cache:
        yield Kept(cache, f"t{time.monotonic_ns()}")


async def test_values_are_kept_as_they_are_until_they_are_forgotten(kept: Kept) -> None:
    a, b = kept.key("a"), kept.key("b")
    assert list(await kept.cache.get([a, b])) == [None, None]
    await kept.cache.put({a: b"\x00\xff", b: b""}, 60)
    assert list(await kept.cache.get([b, a])) == [b"", b"\x00\xff"]
    await kept.cache.forget([a])
    await kept.cache.forget([])
    assert list(await kept.cache.get([a, b])) == [None, b""]
    assert list(await kept.cache.get([])) == []


async def test_a_lock_has_one_holder_and_is_released_by_that_one_alone(kept: Kept) -> None:
    name = kept.key("lock")
    assert await kept.cache.lock(name, "mine", 60_000)
    assert not await kept.cache.lock(name, "yours", 60_000)
    await kept.cache.unlock(name, "yours")
    assert not await kept.cache.lock(name, "yours", 60_000)
    await kept.cache.unlock(name, "mine")
    assert await kept.cache.lock(name, "yours", 60_000)


async def test_the_shops_that_were_looked_at_most_come_first(kept: Kept) -> None:
    busy, quiet = time.monotonic_ns() % 10**9, time.monotonic_ns() % 10**9 + 1
    for shop_no in (busy, quiet, busy):
        await kept.cache.count_view(shop_no)
    shops = [shop_no for shop_no in await kept.cache.most_viewed(100) if shop_no in {busy, quiet}]
    assert shops == [busy, quiet]


async def test_a_lock_ends_by_itself(stack: Stack) -> None:
    name = f"ends:{time.monotonic_ns()}"
    async with RedisReportCache.connect(stack.valkey.address) as cache:
        assert await cache.lock(name, "dead", 30)
        async with asyncio.timeout(10):
            while not await cache.lock(name, "next", 1000):
                await asyncio.sleep(0.005)


async def test_a_cache_that_hangs_or_is_gone_is_asked_once_in_a_while(stack: Stack) -> None:
    asked, over, ended = 0, asyncio.Event(), asyncio.Semaphore(0)

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await over.wait()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        ended.release()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with RedisReportCache.connect(f"redis://127.0.0.1:{port}/0") as cache:
        for _ in range(20):
            with pytest.raises(CacheUnavailable):
                await cache.get(["a"])
    assert 1 <= asked <= 2
    over.set()
    for _ in range(asked):
        await ended.acquire()
    server.close()
    await server.wait_closed()
    async with RedisReportCache.connect(f"redis://127.0.0.1:{stack.ports.closed_source}/0") as cache:
        with pytest.raises(CacheUnavailable):
            await cache.put({"a": b"b"}, 5)


_PROCESS = """
import asyncio, json, sys
from datetime import date
from faust_app.adapters.redis.report_cache import RedisReportCache
from faust_app.core.statistics.blocks import Loads
from faust_app.core.statistics.figures import Figures
from faust_app.core.statistics.load import Marker, ShopRow, totals_of
from faust_app.flows.statistics.month_blocks import MonthBlocks, Read
from tests.fakes.statistics_store import FakeStatisticsStore
from datetime import datetime

class SlowStore(FakeStatisticsStore):
    async def shop_rows(self, shop_no, first, last):
        await asyncio.sleep(0.05)
        return await super().shop_rows(shop_no, first, last)

async def main(address, shop, requests):
    store, months = SlowStore(), [date(2026, 1, 1), date(2026, 2, 1)]
    for number, month in enumerate(months, 1):
        rows = [ShopRow(shop, Figures(registered=number))]
        store.rows[month, number] = rows
        store.markers.append(Marker(month, number, totals_of(rows), datetime(2026, 3, 1)))
    loads = Loads(await store.manifest())
    async with RedisReportCache.connect(address) as cache:
        print("ready", flush=True)
        sys.stdin.readline()
        blocks = MonthBlocks(store, cache)
        found = await asyncio.gather(*(blocks.of_shop(shop, months, loads) for _ in range(requests)), return_exceptions=True)
        right = [each for each in found if isinstance(each, Read) and each.blocks[months[1]].rows[1].figures.registered == 2]
    print(json.dumps({"reads": store.reads, "right": len(right)}), flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""
PROCESSES, REQUESTS = 4, 125


@pytest.mark.parametrize("is_up", [True, False], ids=["cache is up", "cache is down"])
async def test_five_hundred_requests_of_four_processes_read_the_store_once(stack: Stack, is_up: bool) -> None:  # noqa: FBT001 - a case
    address = stack.valkey.address if is_up else f"redis://127.0.0.1:{stack.ports.closed_source}/0"
    shop = time.monotonic_ns() % 10**9
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROCESS, address, str(shop), str(REQUESTS), stdin=pipe, stdout=pipe, cwd=CLONE
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    answers = [json.loads(out.splitlines()[-1]) for out, _ in ends]
    assert sum(answer["right"] for answer in answers) == PROCESSES * REQUESTS
    assert sum(answer["reads"] for answer in answers) == (1 if is_up else PROCESSES)
