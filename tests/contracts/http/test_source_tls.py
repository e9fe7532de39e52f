"""A source whose certificate or TLS is no good."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp.test_utils import BaseTestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import FailureCode, Permanent, Transient
from faust_app.settings import Settings
from tests.contracts.http.conftest import Source, failure


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("name", ["127.0.0.1", "another.test"])
async def test_a_certificate_nobody_vouches_for_is_permanent(
    http: HttpFetcher, server: BaseTestServer, source: Source, authority: trustme.CA, name: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    async with secure_server(context) as port, secure_fetcher(port) as secure:
        caught = await failure(secure, f"https://127.0.0.1:{port}/a?sig=secret")
    assert (type(caught), caught.code) == (Permanent, FailureCode.BAD_CERTIFICATE)


async def test_a_server_that_speaks_no_tls_is_transient_by_its_own_code(server: BaseTestServer) -> None:
    async with secure_fetcher(server.port or 0) as secure:
        caught = await failure(secure, f"https://127.0.0.1:{server.port}/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_TLS)


async def test_a_server_that_hangs_up_during_the_handshake_is_transient_by_the_same_code() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, secure_fetcher(port) as secure:
        caught = await failure(secure, f"https://127.0.0.1:{port}/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_TLS)


@asynccontextmanager
async def secure_server(context: ssl.SSLContext) -> AsyncIterator[int]:
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with listening:
        yield int(listening.sockets[0].getsockname()[1])


def secure_fetcher(port: int) -> HttpFetcher:
    return HttpFetcher(Settings(_env_file=None, source_allow=f"127.0.0.1:{port}", fetch_timeout=5.0))
