"""A server whose pages the test writes, and the fetcher that it is fetched by."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import Failure
from faust_app.core.sources.content import NO_VALIDATORS
from faust_app.flows.ports.transfer import Fetcher
from faust_app.settings import Settings
from tests.sentences import is_sentence

LIMIT = 64 * 1024
BODY = b"not really a picture" * 100


class Source:
    """A server whose pages the test writes."""

    def __init__(self) -> None:
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] = self._body
        self.requests: list[web.Request] = []
        self.headers: dict[str, str] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.answer(request)

    async def _body(self, request: web.Request) -> web.Response:
        etag = self.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=BODY, headers=self.headers)

    def status(self, status: int, **headers: str) -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=status, headers=headers)

        self.answer = answer

    def raw(self, text: bytes) -> None:
        """Answer with these bytes, whatever HTTP says, and hang up."""

        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.write(text)
            request.transport.close()
            raise asyncio.CancelledError

        self.answer = answer


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def server(source: Source) -> AsyncIterator[BaseTestServer]:
    app = web.Application()
    app.router.add_get("/{tail:.*}", source.handle)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def http(server: BaseTestServer) -> AsyncIterator[HttpFetcher]:
    settings = Settings(
        _env_file=None, max_image_bytes=LIMIT, fetch_timeout=0.5, contact_url="https://shop-images.test", source_allow=opened(server)
    )  # fmt: skip
    async with HttpFetcher(settings) as fetcher:
        yield fetcher


def opened(server: BaseTestServer) -> str:
    return f"127.0.0.1:{server.port},127.0.0.1:9,127.0.0.1:443"


async def failure(http: Fetcher, url: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        await http.fetch(str(url), NO_VALIDATORS)
    assert is_sentence(caught.value.detail)
    return caught.value
