"""What flows may rely on of a fetch, for the fake and over real HTTP; and every status of a source, by its name."""

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer

from faust_app.adapters.http.fetcher import HttpFetcher
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.sources.content import NO_VALIDATORS, Fetched, NotModified, Validators
from faust_app.flows.ports.transfer import Fetcher
from tests.contracts.http.conftest import BODY, Source, failure
from tests.fakes.fetcher import FakeFetcher


@pytest.fixture(params=["fake", "http"])
def fetcher(request: pytest.FixtureRequest, http: HttpFetcher, server: BaseTestServer, source: Source) -> Fetcher:
    if request.param == "http":
        source.headers["ETag"] = '"e1"'
        return http
    fake = FakeFetcher()
    fake.sources[str(server.make_url("/a"))] = Fetched(BODY, Validators('"e1"'))
    return fake


async def test_the_whole_body_comes_with_its_validators(fetcher: Fetcher, server: BaseTestServer) -> None:
    assert await fetcher.fetch(str(server.make_url("/a")), NO_VALIDATORS) == Fetched(BODY, Validators('"e1"'))


async def test_a_condition_that_holds_transfers_nothing(fetcher: Fetcher, server: BaseTestServer) -> None:
    assert await fetcher.fetch(str(server.make_url("/a")), Validators('"e1"')) == NotModified()


async def test_a_condition_that_does_not_hold_transfers_the_body(fetcher: Fetcher, server: BaseTestServer) -> None:
    answer = await fetcher.fetch(str(server.make_url("/a")), Validators('"old"'))
    assert isinstance(answer, Fetched)


async def test_a_request_says_who_asks_and_takes_nothing_encoded(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    await http.fetch(str(server.make_url("/a")), NO_VALIDATORS)
    sent = source.requests[0].headers
    assert sent["User-Agent"].startswith("shop-images/")
    assert sent["User-Agent"].endswith("(+https://shop-images.test)")
    assert (sent["Accept"], sent["Accept-Encoding"]) == ("image/*", "identity")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Permanent, FailureCode.SOURCE_REFUSED),
        (402, Permanent, FailureCode.SOURCE_REFUSED),
        (401, Permanent, FailureCode.SOURCE_UNAUTHORIZED),
        (403, Permanent, FailureCode.SOURCE_FORBIDDEN),
        (404, Permanent, FailureCode.SOURCE_NOT_FOUND),
        (405, Permanent, FailureCode.SOURCE_REFUSED),
        (410, Permanent, FailureCode.SOURCE_GONE),
        (414, Permanent, FailureCode.SOURCE_REFUSED),
        (451, Permanent, FailureCode.SOURCE_BLOCKED_BY_LAW),
        (408, Transient, FailureCode.SOURCE_BUSY),
        (425, Transient, FailureCode.SOURCE_BUSY),
        (429, Transient, FailureCode.SOURCE_BUSY),
        (406, Permanent, FailureCode.SOURCE_REFUSED),
        (418, Permanent, FailureCode.SOURCE_REFUSED),
        (500, Transient, FailureCode.SOURCE_ERROR),
        (504, Transient, FailureCode.SOURCE_ERROR),
        (520, Transient, FailureCode.SOURCE_ERROR),
        (599, Transient, FailureCode.SOURCE_ERROR),
        (206, Transient, FailureCode.SOURCE_ERROR),
        (502, Transient, FailureCode.SOURCE_ERROR),
        (503, Transient, FailureCode.SOURCE_ERROR),
        (204, Transient, FailureCode.SOURCE_ERROR),
        (304, Transient, FailureCode.SOURCE_ERROR),
    ],
)
async def test_a_status_has_its_name(
    http: HttpFetcher, server: BaseTestServer, source: Source, status: int, kind: type[Failure], code: FailureCode
) -> None:
    source.status(status)
    caught = await failure(http, server.make_url("/a?sig=secret"))
    assert (type(caught), caught.code) == (kind, code)
    assert "secret" not in str(caught)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 5 ", 5.0),
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("1.5", None),
        ("\uff15", None),
        ("Thu, 99 Foo 2026", None),
        ("999999", 3600.0),
        ("soon", None),
        ("-5", None),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600.0),
    ],
)
async def test_a_source_may_say_when_to_come_back(
    http: HttpFetcher, server: BaseTestServer, source: Source, value: str, seconds: float | None
) -> None:
    for status in (429, 503):
        source.status(status, **{"Retry-After": value})
        caught = await failure(http, server.make_url("/a"))
        assert isinstance(caught, Transient)
        assert caught.retry_after == seconds


async def test_a_date_to_come_back_at_is_counted_from_the_date_of_the_answer(
    http: HttpFetcher, server: BaseTestServer, source: Source
) -> None:
    source.status(503, **{"Retry-After": "Tue, 02 Jan 2024 03:05:05 GMT", "Date": "Tue, 02 Jan 2024 03:04:05 GMT"})
    caught = await failure(http, server.make_url("/a"))
    assert isinstance(caught, Transient)
    assert caught.retry_after == 60.0


async def test_no_connection_and_no_name_are_transient_and_told_apart(http: HttpFetcher) -> None:
    caught = await failure(http, "http://127.0.0.1:9/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNREACHABLE)
    caught = await failure(http, "http://no-such-host.invalid/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNKNOWN_HOST)


async def test_the_way_of_a_fetch_can_be_observed(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/a":
            return web.Response(status=301, headers={"Location": "/b?sign=secret"})
        return web.Response(body=BODY, content_type="image/png")

    source.answer = answer
    seen = await http.observe(str(server.make_url("/a")))
    assert (seen.status, seen.announced_type, seen.outcome) == (200, "image/png", Fetched(BODY))
    assert [(each.status, each.to) for each in seen.redirects] == [(301, f"http://127.0.0.1:{server.port}/b?...")]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/gone", 410, FailureCode.SOURCE_GONE), ("", None, FailureCode.ADDRESS_REFUSED), ("x", None, FailureCode.BAD_ADDRESS)],
)
async def test_an_observed_failure_is_told_and_not_raised(
    http: HttpFetcher, server: BaseTestServer, source: Source, path: str, status: int | None, code: FailureCode
) -> None:
    source.status(410)
    url = {"": "http://10.0.0.1/a.jpg", "x": "no address"}.get(path, str(server.make_url(path)))
    seen = await http.observe(url)
    assert isinstance(seen.outcome, Failure)
    assert (seen.status, seen.outcome.code) == (status, code)
