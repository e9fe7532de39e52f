"""What flows may rely on of a fetch, for the fake and over real HTTP; and every answer a source may give, by its name."""

import asyncio
import contextlib
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from hypothesis import given
from hypothesis import strategies as st

from faust_app.adapters.http.fetcher import HttpFetcher, _sent
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.messages.source_url import UrlError, parse_url
from faust_app.core.sources.content import NO_VALIDATORS, Fetched, NotModified, Validators
from faust_app.core.sources.response import PACE, Pace
from faust_app.flows.ports.transfer import Fetcher
from faust_app.settings import Settings
from tests.fakes.fetcher import FakeFetcher
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


@pytest.fixture(params=["fake", "http"])
def fetcher(request: pytest.FixtureRequest, http: HttpFetcher, server: BaseTestServer, source: Source) -> Fetcher:
    if request.param == "http":
        source.headers["ETag"] = '"e1"'
        return http
    fake = FakeFetcher()
    fake.sources[str(server.make_url("/a"))] = Fetched(BODY, Validators('"e1"'))
    return fake


async def failure(http: Fetcher, url: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        await http.fetch(str(url), NO_VALIDATORS)
    assert is_sentence(caught.value.detail)
    return caught.value


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


@pytest.mark.parametrize("url", ["ftp://h/a", "http://user@h/a", "nonsense", "http://", ""])
async def test_an_address_we_do_not_fetch_is_refused(http: HttpFetcher, url: str) -> None:
    assert (await failure(http, url)).code is FailureCode.BAD_ADDRESS


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


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip", "made-up"])
async def test_an_encoded_answer_is_refused_unread(http: HttpFetcher, server: BaseTestServer, source: Source, encoding: str) -> None:
    source.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: " + encoding.encode() + b"\r\n\r\n")
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Permanent, FailureCode.CONTENT_ENCODED)


async def test_an_answer_that_says_it_is_not_encoded_is_taken(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    source.headers = {"Content-Encoding": "identity"}
    assert isinstance(await http.fetch(str(server.make_url("/a")), NO_VALIDATORS), Fetched)


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


async def test_a_server_that_never_accepts_is_unreachable_after_the_time_to_connect() -> None:
    """Its queue of connections is full: what the kernel does for a host that drops packets, within one machine."""
    with socket.socket() as deaf, ExitStack() as waiting:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            filler = waiting.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        port = deaf.getsockname()[1]
        settings = Settings(_env_file=None, source_allow=f"127.0.0.1:{port}", fetch_connect_timeout=0.2, fetch_timeout=5.0)
        async with HttpFetcher(settings) as fetcher:
            caught = await failure(fetcher, f"http://127.0.0.1:{port}/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNREACHABLE)


@pytest.mark.parametrize(("received", "seconds"), [(0, 5.0), (49_999, 5.0), (50_000, 5.0), (100_000, 10.0), (1_000_000, 100.0)])
def test_a_source_has_to_send_ten_thousand_bytes_a_second_after_five_seconds(received: int, seconds: float) -> None:
    assert PACE.patience(received) == seconds


async def test_a_source_that_sends_steadily_is_not_cut_off_for_being_slow_at_first(server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10):
            await response.write(b"x" * 1000)
            await asyncio.sleep(0.02)
        return response

    source.answer = answer
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
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 30_000)
        await asyncio.sleep(5)
        return response

    source.answer = answer
    settings = Settings(_env_file=None, source_allow=opened(server), fetch_timeout=seconds)
    async with HttpFetcher(settings, pace=pace) as http:
        caught = await failure(http, server.make_url("/a"))
    assert isinstance(caught, Transient)
    assert (caught.code, caught.silent) == (code, False)


async def test_a_body_is_timed_from_its_own_beginning(server: BaseTestServer, source: Source) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"x" * 100)
            await asyncio.sleep(0.01)
        return response

    source.answer = answer
    settings = Settings(_env_file=None, source_allow=opened(server))
    async with HttpFetcher(settings, pace=Pace(grace=0.15, rate=1_000_000)) as http:
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


@pytest.mark.parametrize("answer", [b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_an_answer_that_is_no_http_is_transient(http: HttpFetcher, server: BaseTestServer, source: Source, answer: bytes) -> None:
    source.raw(answer)
    assert isinstance(await failure(http, server.make_url("/a")), Transient)


async def test_a_source_that_does_not_answer_in_time_is_transient(http: HttpFetcher, server: BaseTestServer, source: Source) -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    source.answer = answer
    caught = await failure(http, server.make_url("/a"))
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_TIMEOUT)


async def test_no_connection_and_no_name_are_transient_and_told_apart(http: HttpFetcher) -> None:
    caught = await failure(http, "http://127.0.0.1:9/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNREACHABLE)
    caught = await failure(http, "http://no-such-host.invalid/a")
    assert (type(caught), caught.code) == (Transient, FailureCode.SOURCE_UNKNOWN_HOST)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"ETag": 'W/"weak"'}, NO_VALIDATORS),
        ({"ETag": "unquoted"}, NO_VALIDATORS),
        ({"ETag": '"' + "x" * 600 + '"'}, NO_VALIDATORS),
        ({"Last-Modified": "Tue, 02 Jan 2024 03:04:05 GMT"}, Validators(None, "Tue, 02 Jan 2024 03:04:05 GMT")),
        ({"Last-Modified": format_datetime(datetime.now(UTC) + timedelta(hours=1))}, NO_VALIDATORS),  # younger than its answer
        ({"Last-Modified": "yesterday"}, NO_VALIDATORS),
        ({"Last-Modified": "Tue, 02 Jan 2024 03:04:05 GMT", "ETag": '"s"'}, Validators('"s"', "Tue, 02 Jan 2024 03:04:05 GMT")),
    ],
)
async def test_only_validators_that_can_be_trusted_are_kept(
    http: HttpFetcher, server: BaseTestServer, source: Source, headers: dict[str, str], kept: Validators
) -> None:
    source.headers = headers
    answer = await http.fetch(str(server.make_url("/a")), NO_VALIDATORS)
    assert isinstance(answer, Fetched)
    assert answer.validators == kept


@pytest.mark.parametrize("value", [b'"\xff"', b'"\xc3\xa4"', b'"a\x01"', b'"a\tb"', b'"' + b"x" * 600 + b'"'])
async def test_validators_that_are_no_short_printable_ascii_are_left_out(
    http: HttpFetcher, server: BaseTestServer, source: Source, value: bytes
) -> None:
    source.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: " + value + b"\r\nLast-Modified: " + value + b"\r\n\r\nx")
    try:
        answer = await http.fetch(str(server.make_url("/a")), NO_VALIDATORS)
    except Transient as refused:  # the parser of HTTP takes no such byte
        assert refused.code is FailureCode.SOURCE_ERROR
    else:
        assert answer == Fetched(b"x", NO_VALIDATORS)


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
