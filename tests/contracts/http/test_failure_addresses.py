"""Each address of the sample source that is named after a failure code causes that failure, through the real fetcher and check."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

from devstack.image_source.failures import ELSEWHERE, FAILURES
from devstack.image_source.server import create_application
from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.pool import CheckPool
from faust_app.core.failure import Failure, FailureCode
from faust_app.core.failure_codes import Fault, known_code
from faust_app.core.messages.source_url import UrlError, parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.core.sources.response import Pace
from faust_app.settings import Settings

NOT_TO_BE_CAUSED = {"source_unreachable", "bad_certificate", "check_crashed"}
"""A refused connection is another machine's, a bad certificate needs one, and nothing is known that crashes the check."""
OF_SOURCES = {Fault.IMAGE, Fault.HOST_SILENT, Fault.HOST, Fault.SOURCE, Fault.SOURCE_BLOCKS}


@pytest.fixture
async def server() -> AsyncIterator[BaseTestServer]:
    async with TestServer(create_application()) as server:
        yield server


async def test_each_address_causes_the_failure_that_it_is_listed_for(server: BaseTestServer) -> None:
    host = f"127.0.0.1:{server.port}"
    elsewhere = {code: url.format(host=host) for code, url in ELSEWHERE.items() if code != "source_unknown_host"}  # asks a resolver
    settings = Settings(_env_file=None, fetch_timeout=2.0, source_allow=host)
    async with HttpFetcher(settings, pace=Pace(grace=0.5)) as fetcher, CheckPool("decode", 1) as check:

        async def cause(url: str) -> str:
            try:
                parse_url(url)
                fetched = await fetcher.fetch(url, NO_VALIDATORS)
                assert isinstance(fetched, Fetched)
                await check.check(fetched.content)
            except UrlError:
                return "bad_address"
            except Failure as failure:
                return failure.code.value
            return "none"

        urls = {code: f"http://{host}/failures/{code}" for code in FAILURES} | elsewhere
        caused = dict(zip(urls, await asyncio.gather(*map(cause, urls.values())), strict=True))
    assert caused == {code: code for code in urls}


def test_every_failure_that_a_source_can_cause_has_an_address() -> None:
    caused = {code.value for code in FailureCode if (row := known_code(code.value)) is not None and row.fault in OF_SOURCES}
    assert set(FAILURES) | set(ELSEWHERE) == caused - NOT_TO_BE_CAUSED


async def test_the_list_names_them_all_with_their_addresses(server: BaseTestServer) -> None:
    async with ClientSession() as http, http.get(server.make_url("/failures/")) as answer:
        lines = dict(line.split() for line in (await answer.text()).splitlines())
    assert set(lines) == set(FAILURES) | set(ELSEWHERE)
    assert lines["empty"] == f"http://127.0.0.1:{server.port}/failures/empty"
