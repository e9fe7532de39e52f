"""Which bodies are taken, at what size, and that none of a failed fetch is left."""

import asyncio
import gc

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.core.sources.response import Pace
from faust_app.settings import Settings
from tests.contracts.http.conftest import LIMIT, Source, failure, opened


async def test_an_announced_size_over_the_limit_is_refused_before_the_transfer(
    http: HttpFetcher, server: BaseTestServer, source: Source
) -> None:
    source.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx")
    assert (await failure(http, server.make_url("/a"))).code is FailureCode.TOO_LARGE


async def test_an_endless_body_is_cut_at_the_limit(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 8192)

    source.answer = answer
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Permanent, FailureCode.TOO_LARGE)


async def test_an_empty_file_is_permanent(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    source.status(200)
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Permanent, FailureCode.EMPTY)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", FailureCode.SOURCE_SHORT),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", FailureCode.SOURCE_SHORT),
        (b"", FailureCode.SOURCE_RESET),
        (b"HTTP/1.1 200 OK\r\nContent-Le", FailureCode.SOURCE_RESET),
    ],
)
async def test_an_answer_that_breaks_off_is_transient(
    http: HttpFetcher, server: BaseTestServer, source: Source, answer: bytes, code: FailureCode
) -> None:
    source.raw(answer)
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Transient, code)


@pytest.mark.parametrize("answer", [b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_an_answer_that_is_no_http_is_transient(http: HttpFetcher, server: BaseTestServer, source: Source, answer: bytes) -> None:
    source.raw(answer)
    assert isinstance(await failure(http, server.make_url("/a")), Transient)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip", "made-up"])
async def test_an_encoded_answer_is_refused_unread(http: HttpFetcher, server: BaseTestServer, source: Source, encoding: str) -> None:
    source.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: " + encoding.encode() + b"\r\n\r\n")
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Permanent, FailureCode.CONTENT_ENCODED)


async def test_an_answer_that_says_it_is_not_encoded_is_taken(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    source.headers = {"Content-Encoding": "identity"}
    assert isinstance(await http.fetch(str(server.make_url("/a")), NO_VALIDATORS), Fetched)


@pytest.mark.parametrize("answer", ["endless", "broken off", "slow"])
async def test_a_fetch_that_failed_leaves_no_body_for_the_collector(server: BaseTestServer, source: Source, answer: str) -> None:
    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(b"x" * (2 * LIMIT if answer == "endless" else LIMIT // 2))
        if answer == "slow":
            await asyncio.sleep(5)
        assert request.transport is not None
        request.transport.close()
        return response

    source.answer = send
    settings = Settings(_env_file=None, max_image_bytes=LIMIT if answer == "endless" else 2_000_000, source_allow=opened(server))
    async with HttpFetcher(settings, pace=Pace(grace=0.05, rate=1_000_000)) as http:
        gc.collect()
        gc.disable()
        before = _lists_of_pieces()
        try:
            seen = await http.observe(str(server.make_url("/a")))
            kept = [pieces for pieces in _lists_of_pieces() if not any(pieces is each for each in before)]
        finally:
            gc.enable()
    assert isinstance(seen.outcome, Failure)
    assert kept == []


async def test_a_cancelled_fetch_leaves_no_body_for_the_collector(server: BaseTestServer, source: Source) -> None:
    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(LIMIT)})
        await response.prepare(request)
        await response.write(b"x" * (LIMIT // 2))
        await asyncio.get_running_loop().create_future()
        return response

    source.answer = send
    async with HttpFetcher(Settings(_env_file=None, source_allow=opened(server))) as http:
        gc.collect()
        gc.disable()
        before = _lists_of_pieces()

        def kept() -> int:
            return sum(not any(pieces is each for each in before) for pieces in _lists_of_pieces())

        try:
            task = asyncio.create_task(http.fetch(str(server.make_url("/a")), NO_VALIDATORS))
            while not kept():
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            del task
            left = kept()
        finally:
            gc.enable()
    assert left == 0


def _lists_of_pieces() -> list[list[object]]:
    return [pieces for pieces in gc.get_objects() if type(pieces) is list and any(_is_piece(each) for each in pieces)]


def _is_piece(value: object) -> bool:
    return type(value) is bytes and value.startswith(b"xxxx")
