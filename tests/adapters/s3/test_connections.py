"""Connections that carry PUTs: which are used again, what ends them, and what a caller is told, on both event loops."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from faust_app.adapters.s3.connections import (
    MAX_ANSWER_BYTES,
    Answer,
    Connection,
    Connections,
    InvalidAnswerError,
    UnreachableError,
)
from faust_app.tls import client_context
from tests.adapters.s3.scripted_server import Peer, Server, answering, answering_once, serving
from tests.full_listener import full_listener

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LONG = b"x" * 5_000_000
"""More than a socket takes at once."""
SILENCE = 0.2
"""Seconds after which a connection gives up in these tests."""


@contextmanager
def connections_to(server: Server, limit: int = 4, *, keep_seconds: float = 15.0) -> Iterator[Connections]:
    with closing(Connections(server.url, limit, keep_seconds=keep_seconds)) as connections:
        yield connections


async def put(connections: Connections, body: bytes = b"body") -> Answer:
    return await connections.request(f"PUT /a HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n".encode(), body)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_requests_that_follow_each_other_share_a_connection() -> None:
    async with serving(answering(OK)) as server:
        with connections_to(server) as connections:
            answers = [await put(connections, LONG), await put(connections, b""), await put(connections)]
            assert (answers, server.opened, connections.idle) == ([Answer(200, b"")] * 3, 1, 1)


async def test_no_more_requests_run_at_once_than_there_may_be_connections() -> None:
    go = asyncio.Event()

    async def late(peer: Peer) -> None:
        while await peer.read_request():
            await go.wait()
            await peer.answer(OK)

    async with serving(late) as server:
        with connections_to(server, limit=2) as connections:
            asked = [asyncio.create_task(put(connections)) for _ in range(5)]
            await until(lambda: (connections.in_use, connections.waiting, server.opened) == (2, 3, 2))
            go.set()
            await asyncio.gather(*asked)
            assert (connections.in_use, connections.waiting, connections.idle, server.opened) == (0, 0, 2, 2)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((b"HTTP/1.1 100 Continue\r\n\r\n", OK), Answer(200, b"")),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), Answer(204, b"")),
        ((b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\n", b"a", b"bc"), Answer(403, b"abc")),
        ((b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\n", b"c\r\n0\r\n\r\n"), Answer(503, b"abc")),
        ((b"HTTP/1.1 500 No\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000,), Answer(500, b"x" * MAX_ANSWER_BYTES)),
    ],
)
async def test_an_answer_is_read_to_its_end_and_its_connection_used_again(pieces: tuple[bytes, ...], expected: Answer) -> None:
    async with serving(answering(*pieces)) as server:
        with connections_to(server) as connections:
            assert ([await put(connections), await put(connections)], server.opened) == ([expected] * 2, 1)


@given(cuts=st.lists(st.integers(1, 80), max_size=6))
async def test_an_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    whole = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    places = sorted({0, *cuts, len(whole)})
    connection = Connection()
    connection.connection_made(SilentTransport())
    asked = asyncio.create_task(connection.send(b"", b""))
    await asyncio.sleep(0)
    for start, end in pairwise(places):
        connection.data_received(whole[start:end])
    assert (await asked, connection.is_reusable) == (Answer(403, b"abcde"), True)


class SilentTransport(asyncio.Transport):
    """A transport that takes everything, and tells nobody."""

    def writelines(self, list_of_data: object) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize(
    "last",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + OK,
    ],
)
async def test_after_an_answer_that_ends_its_connection_another_is_opened(last: bytes) -> None:
    left = asyncio.Event()

    async with serving(answering_once(left, last), answering(OK)) as server:
        with connections_to(server) as connections:
            assert [await put(connections), await put(connections)] == [Answer(200, b"")] * 2
            await until(left.is_set)
            assert server.opened == 2


async def test_what_comes_without_a_request_ends_its_connection() -> None:
    left, is_idle = asyncio.Event(), asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(OK)
        await is_idle.wait()
        await peer.answer(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert await peer.is_closed_by_client()
        left.set()

    async with serving(talk, answering(OK)) as server:
        with connections_to(server) as connections:
            assert (await put(connections), connections.idle) == (Answer(200, b""), 1)
            is_idle.set()
            await until(left.is_set)
            assert (await put(connections), server.opened) == (Answer(200, b""), 2)


async def test_a_body_that_ends_with_its_connection_is_an_answer() -> None:
    async def until_the_end(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(b"HTTP/1.1 500 No\r\n\r\nbecause")

    async with serving(until_the_end) as server:
        with connections_to(server) as connections:
            assert (await put(connections), connections.idle) == (Answer(500, b"because"), 0)


async def test_a_request_is_sent_again_where_its_connection_had_been_closed_meanwhile() -> None:
    async def once(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(OK)
        await peer.read_request()  # as a server does whose time for this connection ran out: it closes without a word

    async with serving(once, answering(OK)) as server:
        with connections_to(server) as connections:
            assert [await put(connections), await put(connections, LONG)] == [Answer(200, b"")] * 2
            assert server.opened == 2


async def test_a_request_is_not_sent_again_where_its_connection_is_new() -> None:
    async def hang_up(peer: Peer) -> None:
        await peer.read_request()

    async with serving(hang_up) as server:
        with connections_to(server) as connections:
            with pytest.raises(ConnectionError):
                await put(connections)
            assert (server.opened, connections.idle, connections.in_use) == (1, 0, 0)


async def test_a_request_is_not_sent_again_once_an_answer_has_begun() -> None:
    async def break_off(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(OK)
        await peer.read_request()
        await peer.answer(b"HTTP/1.1 200")

    async with serving(break_off) as server:
        with connections_to(server) as connections:
            await put(connections)
            with pytest.raises(ConnectionError):
                await put(connections)
            assert server.opened == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"\x00" * 9,
    ],
)
async def test_an_invalid_answer_is_refused_and_its_connection_closed(answer: bytes) -> None:
    async with serving(answering(answer)) as server:
        with connections_to(server) as connections:
            with pytest.raises(InvalidAnswerError) as caught:
                await put(connections)
            assert (connections.idle, caught.value.__cause__ is None) == (0, False)


async def test_a_server_that_stays_silent_times_out() -> None:
    left = asyncio.Event()

    async with serving(answering_once(left)) as server:
        connection = await connect(server)
        with pytest.raises(TimeoutError):
            await connection.send(b"PUT /a HTTP/1.1\r\ncontent-length: 1\r\n\r\n", b"x")
        await until(left.is_set)
        assert not connection.is_reusable


async def test_a_server_that_falls_silent_within_its_answer_times_out() -> None:
    async def fall_silent(peer: Peer) -> None:
        await peer.read_request()
        for piece in (OK[:5], OK[5:9], OK[9:20]):
            await peer.answer(piece)
            await asyncio.sleep(SILENCE * 0.7)
        await peer.is_closed_by_client()

    async with serving(fall_silent) as server:
        connection = await connect(server)
        asked = asyncio.create_task(connection.send(b"PUT /a HTTP/1.1\r\ncontent-length: 1\r\n\r\n", b"x"))
        done, _ = await asyncio.wait([asked], timeout=5)
        assert done
        assert isinstance(asked.exception(), TimeoutError)


@pytest.mark.parametrize("is_secured", [False, True], ids=["plain", "tls"])
async def test_a_slow_upload_goes_on_while_the_server_takes_any_of_it(authority: trustme.CA, *, is_secured: bool) -> None:
    """Its buffers are small, so that what it does not take stays with the client; it takes longer than twice the silence allowed."""

    async def slowly(peer: Peer) -> None:
        await peer.read_head()
        for _ in range(20):
            await peer.read(len(LONG) // 20)
            await asyncio.sleep(0.12)
        await peer.answer(OK)

    context = client = None
    if is_secured:
        context, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), client_context(authority.cert_pem.bytes().decode())
        authority.issue_cert("127.0.0.1").configure_cert(context)
    async with serving(slowly, tls=context, receive_buffer=65_536) as server:
        connection = await connect(server, seconds=1.0, tls=client)
        connection._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        answer = await connection.send(f"PUT /a HTTP/1.1\r\ncontent-length: {len(LONG)}\r\n\r\n".encode(), LONG)
        assert answer == Answer(200, b"")
        connection.close()


async def test_the_timer_of_a_request_ends_with_it() -> None:
    async with serving(answering(OK)) as server:
        connection = await connect(server)
        await connection.send(b"PUT /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n", b"")
        assert connection._timer.cancelled()
        connection.close()
        with pytest.raises(ConnectionResetError):
            await connection.send(b"PUT /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n", b"")


async def connect(server: Server, *, seconds: float = SILENCE, tls: ssl.SSLContext | None = None) -> Connection:
    parts = urlsplit(server.url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(seconds), parts.hostname or "", parts.port or 0, ssl=tls)
    return connection


async def test_a_cancelled_request_closes_its_connection_and_frees_its_place() -> None:
    left = asyncio.Event()

    async with serving(answering_once(left), answering(OK)) as server:
        with connections_to(server, limit=1) as connections:
            asked = asyncio.create_task(put(connections))
            await until(lambda: server.opened == 1)
            waits = asyncio.create_task(put(connections))
            await until(lambda: connections.waiting == 1)
            asked.cancel()
            await asyncio.wait([asked])
            await until(left.is_set)
            assert (asked.cancelled(), await waits, server.opened) == (True, Answer(200, b""), 2)


async def test_an_answer_that_comes_before_all_is_sent_counts_and_ends_its_connection() -> None:
    async def refuse(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await peer.is_closed_by_client()

    async with serving(refuse) as server:
        with connections_to(server) as connections:
            assert (await put(connections, LONG * 4), connections.idle) == (Answer(413, b""), 0)


async def test_connections_are_closed_when_they_are_idle_for_too_long() -> None:
    left = list[bool]()

    async def serve(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(OK)
        left.append(await peer.is_closed_by_client())

    async with serving(serve) as server:
        with connections_to(server, keep_seconds=0.05) as connections:
            for number in (1, 2):
                await asyncio.gather(put(connections), put(connections))
                assert connections.idle == 2
                await until(lambda: len(left) == 2 * number)  # noqa: B023 - awaited here
                assert (connections.idle, all(left)) == (0, True)


async def test_closing_closes_what_is_idle() -> None:
    left = asyncio.Event()

    async with serving(answering_once(left, OK)) as server:
        with connections_to(server) as connections:
            await put(connections)
        await until(left.is_set)
        assert connections.idle == 0


async def test_a_server_that_is_not_there_or_not_trusted_is_unreachable(authority: trustme.CA) -> None:
    async with serving(answering(OK)) as server:
        url = server.url
    with closing(Connections(url, 1)) as connections, pytest.raises(UnreachableError):
        await put(connections)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with serving(answering(OK), tls=context) as server:
        with closing(Connections(server.url, 1)) as strangers, pytest.raises(UnreachableError) as caught:
            await put(strangers)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        with closing(Connections(server.url.replace("https", "HTTPS"), 1, authority.cert_pem.bytes().decode())) as connections:
            assert [await put(connections, LONG), await put(connections, b"")] == [Answer(200, b"")] * 2
        assert server.opened == 1  # the handshake of the other one failed


async def test_the_next_address_is_tried_where_one_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with full_listener() as silent:
        async with serving(answering(OK)) as server:
            loop, served = asyncio.get_running_loop(), ("127.0.0.1", urlsplit(server.url).port)
            resolve = loop.getaddrinfo

            async def resolve_both(host: Any, port: Any, **options: Any) -> list[Any]:
                if host != "storage.test":  # uvloop asks for addresses too
                    return await resolve(host, port, **options)
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (silent, served)]

            monkeypatch.setattr(loop, "getaddrinfo", resolve_both)
            with closing(Connections("http://storage.test", 1)) as connections:
                assert await put(connections) == Answer(200, b"")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()
