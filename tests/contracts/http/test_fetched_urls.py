"""Which addresses are fetched, as they are written, and where redirects may lead."""

import asyncio
import contextlib

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer
from hypothesis import given
from hypothesis import strategies as st

from faust_app.adapters.http.fetcher import HttpFetcher, _sent
from faust_app.core.failure import Failure, FailureCode, Permanent
from faust_app.core.messages.source_url import UrlError, parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Fetched
from faust_app.settings import Settings
from tests.contracts.http.conftest import BODY, Source, failure


@pytest.mark.parametrize("url", ["ftp://h/a", "http://user@h/a", "nonsense", "http://", ""])
async def test_an_address_we_do_not_fetch_is_refused(http: HttpFetcher, url: str) -> None:
    assert (await failure(http, url)).code is FailureCode.BAD_ADDRESS


@given(st.text(max_size=60) | st.builds("http://{}/{}".format, st.text(max_size=30), st.text(max_size=20)))
def test_any_text_is_an_address_or_a_permanent_failure(text: str) -> None:
    try:
        target = HttpFetcher(Settings(_env_file=None))._checked(text)
    except Permanent as failed:
        assert failed.code in {FailureCode.BAD_ADDRESS, FailureCode.PORT_REFUSED}
    else:
        assert target.scheme in {"http", "https"}


@given(st.text(max_size=60))
def test_an_address_that_is_accepted_is_one_to_the_library_that_fetches_it(path: str) -> None:
    try:
        target = parse_url(f"http://shop.test/{path}")
    except UrlError:
        return
    sent = _sent(target)
    assert (sent.raw_path_qs, sent.raw_host, sent.port) == (target.target, "shop.test", 80)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/a%2Fb%3D%7E?x=%2F%7E%3d&y", "/a%2Fb%3D%7E?x=%2F%7E%3d&y"),
        ("/a?", "/a?"),
        ("/a b/ä?ü", "/a%20b/%C3%A4?%C3%BC"),
        ("/a/../b//c", "/a/../b//c"),
        ("?X-Amz-Signature=a%2Bb%3D", "/?X-Amz-Signature=a%2Bb%3D"),
    ],
)
async def test_an_address_is_sent_as_it_was_written_by_shop_and_by_redirect(
    http: HttpFetcher, server: BaseTestServer, source: Source, written: str, sent: str
) -> None:
    origin = f"http://127.0.0.1:{server.port}"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.raw_path != "/from":
            return web.Response(body=BODY)
        source.requests.clear()
        return web.Response(status=302, headers={"Location": origin + written})

    source.answer = answer
    for url in (origin + written, f"{origin}/from"):
        await http.fetch(url, NO_VALIDATORS)
        assert source.requests[-1].raw_path == sent


async def test_redirects_are_followed_three_times_and_no_further(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        return web.Response(body=BODY) if left == 0 else web.Response(status=302, headers={"Location": f"/{left - 1}"})

    source.answer = answer
    assert isinstance(await http.fetch(str(server.make_url("/3")), NO_VALIDATORS), Fetched)
    assert (await failure(http, server.make_url("/4"))).code is FailureCode.TOO_MANY_REDIRECTS


async def test_a_failure_behind_a_redirect_names_the_host_it_leads_to(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    source.status(302, Location="http://127.0.0.1:9/a?sig=secret")
    caught = await failure(http, server.make_url("/a"))
    assert (caught.code, caught.host) == (FailureCode.SOURCE_UNREACHABLE, "127.0.0.1:9")
    assert caught.detail == "The source refuses connections. The source redirects to 127.0.0.1:9."
    source.status(302, Location="/b")
    assert (await failure(http, server.make_url("/a"))).host is None


@pytest.mark.parametrize("target", ["ftp://h/a", "http://user:pw@h/a", "file:///etc/passwd", "http://[::1/"])
async def test_a_redirect_is_checked_like_the_first_address(http: HttpFetcher, server: BaseTestServer, source: Source, target: str) -> None:
    source.status(302, Location=target)
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Permanent, FailureCode.BAD_ADDRESS)


async def test_a_redirect_in_bytes_of_no_encoding_is_followed(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.raw_path == "/%E4.jpg":
            return web.Response(body=BODY)
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 302 Found\r\nLocation: /\xe4.jpg\r\nContent-Length: 0\r\n\r\n")
        request.transport.close()
        raise asyncio.CancelledError

    source.answer = answer
    assert isinstance(await http.fetch(str(server.make_url("/a")), NO_VALIDATORS), Fetched)


@given(st.text(max_size=60))
def test_any_text_as_the_target_of_a_redirect_is_an_address_or_a_failure(text: str) -> None:
    with contextlib.suppress(Failure):
        HttpFetcher(Settings(_env_file=None))._next(parse_url("https://shop.test/a"), text)
