"""The sample source's address for each failure code, fetched and checked as a worker does it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from devstack.image_source.elsewhere import ELSEWHERE
from devstack.image_source.failures import FAILURES, LIST
from devstack.image_source.server import create_application
from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.adapters.image_check.pool import CheckPool, Limits
from faust_app.core.failure import Failure
from faust_app.core.failure_codes import Fault, codes_of
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.core.sources.response import Pace
from faust_app.settings import Settings

CAUSED_BY_AN_ANSWER = codes_of(Fault.IMAGE, Fault.HOST_SILENT, Fault.HOST, Fault.SOURCE, Fault.SOURCE_BLOCKS)
"""Of the others, no answer of a source is the cause by itself."""
NEVER_WHOLE = ("source_timeout", "source_too_slow")


@pytest.fixture
async def source() -> AsyncIterator[TestServer]:
    server = TestServer(create_application())
    async with server:
        yield server


def opened(source: TestServer, seconds: float) -> Settings:
    there = source.app[ELSEWHERE]
    allow = ",".join(f"127.0.0.1:{port}" for port in (source.port, there.untrusted, there.closed))
    return Settings(_env_file=None, source_allow=allow, fetch_timeout=seconds, slots=len(FAILURES))


async def code_of(url: str, fetcher: HttpFetcher, check: CheckPool) -> str:
    try:
        answer = await fetcher.fetch(url, NO_VALIDATORS)
        assert isinstance(answer, Fetched)
        return f"stored {await check.check(answer.content)}"
    except Failure as failure:
        return failure.code.value


def test_every_code_that_an_answer_causes_has_an_address_and_no_other() -> None:
    assert set(FAILURES) == {code.value for code in CAUSED_BY_AN_ANSWER}


async def test_the_address_of_each_code_causes_it(source: TestServer) -> None:
    async with (
        HttpFetcher(opened(source, 60.0)) as patient,
        HttpFetcher(opened(source, 1.0), pace=Pace(grace=0.3)) as hasty,
        CheckPool("decode", 1, limits=Limits(cpu=1)) as check,
    ):
        looks = [code_of(str(source.make_url(f"{LIST}{code}")), hasty if code in NEVER_WHOLE else patient, check) for code in FAILURES]
        assert dict(zip(FAILURES, await asyncio.gather(*looks), strict=True)) == {code: code for code in FAILURES}
