"""The course of one case in one place: warm up, the quiet shops alone, the burst, its end."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import aiohttp

from bench.fairness.column import Column, Times, column_of
from bench.fairness.hosts import Hosts
from bench.fairness.load import client, is_republished, keep_known, quiet_shops, start_republish
from bench.fairness.machine import Busy
from bench.fairness.place import Place
from bench.fairness.scenarios import GIANT, QUIET, WARM_UP_SHOP, Burst
from bench.fairness.worker_metrics import Watched
from bench.intake.requests_topic import TAKEN_IN, Request, send
from devstack.ports import free_port

_WARM_IMAGES: Final = 200
_IMAGE_PARTITIONS: Final = 36
_KILL_AFTER: Final = 0.15
"""Part of the burst that is done when a worker is killed."""
_AFTERWARDS: Final = 60.0
"""Seconds that quiet images have to finish after the burst; what is unfinished then has waited at least so long."""
_POLL_SECONDS: Final = 0.2
_WARM_DONE: Final = "SELECT COUNT(*) FROM image WHERE state = 'DONE' AND image_id LIKE 'w%'"
_UNFINISHED: Final = "SELECT COUNT(*) FROM image WHERE state = 'IN_PROGRESS' AND shop_no BETWEEN {} AND {} AND shop_no {} BETWEEN {} AND {}"

Show = Callable[[str], None]
Workers = list[subprocess.Popen[bytes]]


@dataclass(frozen=True)
class Terms:
    """Part of the images a case has in full, seconds of the quiet shops alone, and seconds after which a burst counts as not drained."""

    factor: float
    idle: float
    limit: float


class Run:
    """One case in one place; `show` is told how far it is."""

    def __init__(self, place: Place, hosts: Hosts, burst: Burst, terms: Terms, show: Show) -> None:
        self._place = place
        self._hosts = hosts
        self._burst = burst
        self._terms = terms
        self._show = show
        self._sent = 0

    async def observe(self) -> Column:
        """Warm up, let the quiet shops be alone, send the burst, and return what became of all."""
        place, burst = self._place, self._burst
        if burst.known:
            keep_known(place, self._hosts, GIANT, burst.known)
        async with self._processes() as (http, watched, workers):
            await self._warm_up()
            async with quiet_shops(http, place, self._hosts):
                self._show("the quiet shops are alone")
                alone = place.now()
                await asyncio.sleep(self._terms.idle)  # what is measured: how long they wait alone
                await watched.sample()
                begin, deferred, busy = place.now(), watched.deferred, Busy.now()
                since, is_drained = await self._burst_passes(http, watched, workers)
                await watched.sample()
                end, others = place.now(), Busy.now().cores_of_others(busy)
            await self._quiet_ends()
        times = Times(alone, begin, since or begin, end, place.now())
        column = column_of(place.images(burst), burst, times, is_drained=is_drained)
        deferrals = (watched.deferred - deferred) / max(1, column.images)
        return replace(column, bound=watched.bound, deferrals=deferrals, others_cores=others)

    @asynccontextmanager
    async def _processes(self) -> AsyncIterator[tuple[aiohttp.ClientSession, Watched, Workers]]:
        place = self._place
        ports = [place.environment["WORKER_PORT"], str(free_port())][: 2 if self._burst.kill_worker else 1]
        async with AsyncExitStack() as running:
            running.enter_context(place.process("faust_app.web_app"))
            workers = [
                running.enter_context(place.process("faust_app", f"worker-{port}", WORKER_PORT=port, DATA_DIR=str(place.folder / port)))
                for port in ports
            ]
            http = await running.enter_async_context(client(place))
            urls = [f"http://127.0.0.1:{port}" for port in ports]
            for url in (place.web_url, *urls):
                await place.until_ready(http, url)
            yield http, Watched(http, urls), workers

    async def _warm_up(self) -> None:
        self._show("warming up")
        shops = [*([WARM_UP_SHOP] * _WARM_IMAGES), *QUIET, *QUIET]
        await self._send(
            {"op": "register", "shop_no": shop, "image_id": f"w{number}", "source_url": self._hosts.flat(shop, number)}
            for number, shop in enumerate(shops)
        )
        await self._until(lambda: self._place.query(_WARM_DONE) >= len(shops))

    async def _send(self, requests: Iterable[Request]) -> None:
        known = list(requests)
        await send(self._place, known)
        self._sent += len(known)
        await self._until(lambda: self._place.query(TAKEN_IN) >= self._sent)

    async def _burst_passes(self, http: aiohttp.ClientSession, watched: Watched, workers: Workers) -> tuple[float | None, bool]:
        """Send the burst and wait until it is drained or its time is over; return since when it counts, and whether it is drained."""
        burst, started = self._burst, time.monotonic()
        self._show("the burst is sent")
        run = await start_republish(http, self._place, GIANT, burst.known) if burst.republish else None
        for wave in burst.waves:
            await self._send(wave)
        since = await self._kill(watched, workers) if burst.kill_worker else None
        limit = burst.seconds or self._terms.limit
        while time.monotonic() - started < limit:
            await watched.sample()
            self._refuse_ended()
            left = await asyncio.to_thread(self._place.query, self._open())
            self._show(f"{time.monotonic() - started:.0f} s, {left:,} images of the burst are unfinished")
            if not left and (run is None or await is_republished(http, self._place, run)):
                return since, True
            await asyncio.sleep(1)
        return since, False

    def _open(self) -> str:
        shops = [shop for group in self._burst.groups.values() for shop in group]
        return _UNFINISHED.format(min(shops), max(shops), "NOT", QUIET[0], QUIET[-1])

    async def _kill(self, watched: Watched, workers: Workers) -> float:
        """Kill the first worker in the midst of the burst; return when the other has all partitions."""
        self._show("waiting for the midst of the burst")
        done = f"SELECT COUNT(*) FROM image WHERE shop_no = {GIANT} AND state = 'DONE'"  # noqa: S608 - a number of ours
        await self._until(lambda: self._place.query(done) >= _KILL_AFTER * self._burst.requests)
        workers[0].kill()
        workers[0].wait()
        self._show("one of two workers is killed")
        async with asyncio.timeout(self._terms.limit):
            while watched.assigned(watched.urls[1]) < _IMAGE_PARTITIONS:
                await watched.sample()
                await asyncio.sleep(0.1)
        self._show("its partitions have moved")
        return self._place.now()

    async def _quiet_ends(self) -> None:
        unfinished = _UNFINISHED.format(QUIET[0], QUIET[-1], "", QUIET[0], QUIET[-1])
        self._show("the last quiet images finish")
        try:
            await self._until(lambda: self._place.query(unfinished) == 0, _AFTERWARDS)
        except TimeoutError:
            self._show("some quiet images do not finish")

    async def _until(self, holds: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until it holds, asked in a thread. Raises TimeoutError, and RuntimeError where a process has ended by itself."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + (seconds or self._terms.limit)
        while not await asyncio.to_thread(holds):
            self._refuse_ended()
            if loop.time() > ends:
                raise TimeoutError(f"not within {seconds or self._terms.limit:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    def _refuse_ended(self) -> None:
        if not self._burst.kill_worker:
            self._place.refuse_ended()
