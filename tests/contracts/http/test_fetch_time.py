"""How long a source may take: to accept, to answer, and to send the body."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import FailureCode, Transient
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.core.sources.response import PACE, Pace
from faust_app.settings import Settings
from tests.contracts.http.conftest import Source, failure, opened
from tests.full_listener import full_listener


async def test_a_server_that_never_accepts_is_unreachable_after_the_time_to_connect() -> None:
    with full_listener() as (host, port):
        settings = Settings(_env_file=None, source_allow=f"{host}:{port}", fetch_connect_timeout=0.2, fetch_timeout=5.0)
        async with HttpFetcher(settings) as fetcher:
            caught = await failure(fetcher, f"http://{host}:{port}/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNREACHABLE)


async def test_a_source_that_does_not_answer_in_time_is_transient(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    source.answer = answer
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_TIMEOUT)


@pytest.mark.parametrize(("received", "seconds"), [(0, 5.0), (49_999, 5.0), (50_000, 5.0), (100_000, 10.0), (1_000_000, 100.0)])
def test_a_source_has_to_send_ten_thousand_bytes_a_second_after_five_seconds(received: int, seconds: float) -> None:
    assert PACE.patience(received) == seconds


def steadily(pieces: int, size: int, every: float, *, after: float = 0.0) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return an answer that begins after `after` seconds and sends pieces of `size` bytes, one every `every` seconds."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(after)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(pieces):
            await response.write(b"x" * size)
            await asyncio.sleep(every)
        return response

    return answer


async def test_a_source_that_sends_steadily_is_not_cut_off_for_being_slow_at_first(server: BaseTestServer, source: Source) -> None:
    source.answer = steadily(10, 1000, 0.02)
    settings = Settings(_env_file=None, source_allow=opened(server))
    async with HttpFetcher(settings, pace=Pace(grace=0.15, rate=10_000)) as patient:
        assert isinstance(await patient.fetch(str(server.make_url("/a")), NO_VALIDATORS), Fetched)
    async with HttpFetcher(settings, pace=Pace(grace=0.05, rate=1_000_000)) as strict:
        caught = await failure(strict, server.make_url("/a"))
        assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_TOO_SLOW)


@pytest.mark.parametrize(
    ("seconds", "pace", "code"),
    [
        (0.1, Pace(grace=0.3, rate=10_000), FailureCode.SOURCE_TIMEOUT),
        (5.0, Pace(grace=0.1, rate=10_000), FailureCode.SOURCE_TOO_SLOW),
        (0.1, Pace(grace=0.02, rate=100_000), FailureCode.SOURCE_TIMEOUT),
    ],
)
async def test_the_time_of_a_body_that_stops_is_the_shorter_one(
    server: BaseTestServer, source: Source, seconds: float, pace: Pace, code: FailureCode
) -> None:
    source.answer = steadily(1, 30_000, 5.0)
    settings = Settings(_env_file=None, source_allow=opened(server), fetch_timeout=seconds)
    async with HttpFetcher(settings, pace=pace) as http:
        caught = await failure(http, server.make_url("/a"))
    assert isinstance(caught, Transient)
    assert (caught.code, caught.silent) == (code, False)


async def test_a_body_is_timed_from_its_own_beginning(server: BaseTestServer, source: Source) -> None:
    source.answer = steadily(5, 100, 0.01, after=0.2)
    settings = Settings(_env_file=None, source_allow=opened(server))
    async with HttpFetcher(settings, pace=Pace(grace=0.15, rate=1_000_000)) as http:
        assert isinstance(await http.fetch(str(server.make_url("/a")), NO_VALIDATORS), Fetched)


async def test_a_cancelled_fetch_is_cancelled_and_not_a_failure(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    started = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        started.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    source.answer = answer
    task = asyncio.create_task(http.fetch(str(server.make_url("/a")), NO_VALIDATORS))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
