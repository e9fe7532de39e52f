"""Sends PUTs over HTTP/1.1 to one server, on connections that stay open, and nothing else of HTTP.

A general client decides with each request what any request may need, which costs more CPU than sending an image. Answers are parsed by
httptools, the parser of Node.js.
"""

import asyncio
import socket
from collections import deque
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import aiohappyeyeballs
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from faust_app.tls import client_context

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
KEEP_SECONDS: Final = 15.0
"""How long a connection stays open without a request: shorter than servers and load balancers leave one open."""
NEXT_ADDRESS_SECONDS: Final = 0.25
"""After how long the next of several addresses is tried beside the first. RFC 8305, section 5, recommends it."""
PIECE_BYTES: Final = 256 * 1024
"""A longer body is sent in pieces, each when the one before it has left: so a slow upload can be told from a server that hangs."""
MAX_ANSWER_BYTES: Final = 4096
"""How much of an answer's body is kept; the rest is read and dropped."""
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FINAL: Final = 200
"""An answer with a lower status announces another one."""


class UnreachableError(ConnectionError):
    """No connection could be made; the cause says why."""


class InvalidAnswerError(ConnectionError):
    """The server's answer is not valid HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and the first MAX_ANSWER_BYTES of its body; the connection may have broken off within the body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection, for one request at a time."""

    def __init__(self, read_seconds: float = READ_SECONDS) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_seconds = read_seconds
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._status: int | None = None
        self._body = b""
        self._room: asyncio.Future[None] | None = None
        """What a body waits for while the transport takes no more."""
        self._progressed = False
        self._keep_alive = True
        self.response_started = False
        """Whether anything came back for the latest request."""
        self.idle_since = 0.0

    @property
    def is_reusable(self) -> bool:
        """Whether the connection is open, and its latest answer leaves it fit for another request."""
        return self._keep_alive and not self._transport.is_closing()

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Send a request and return its answer. Raises OSError, InvalidAnswerError among them, and closes the connection then.

        It is a TimeoutError when for `read_seconds` to twice that nothing was sent or received.
        """
        if not self.is_reusable:
            raise ConnectionResetError
        self._status, self._body, self.response_started, self._progressed = None, b"", False, False
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        self._timer = self._loop.call_later(self._read_seconds, self._check)
        try:
            self._transport.writelines((head, body[:PIECE_BYTES]))
            if len(body) > PIECE_BYTES:
                await self._send_rest(memoryview(body)[PIECE_BYTES:], answer)
            return await answer
        except BaseException:
            self.close()
            raise
        finally:
            self._timer.cancel()
            self._answer = None

    def close(self) -> None:
        """Close the connection at once."""
        self._keep_alive = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        """Hold back the next piece of a body."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """Release the next piece of a body."""
        self._progressed = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Parse an answer; data without a request ends the connection."""
        if self._answer is None:
            self.close()
            return
        self.response_started = self._progressed = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._keep_alive = False
            invalid = InvalidAnswerError()
            invalid.__cause__ = error
            self._fail(invalid)

    def connection_lost(self, error: Exception | None) -> None:
        """End the answer, which may have no other end than that of its connection; without a status there was none."""
        self._keep_alive = False
        if self._status is None:
            self._fail(error or ConnectionResetError())
        else:
            self.on_message_complete()

    def on_message_begin(self) -> None:
        """End the connection when a second answer follows the one that was asked for."""
        if self._answer is not None and self._answer.done():
            self._keep_alive = False

    def on_headers_complete(self) -> None:
        """Keep the status of a final answer."""
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL:
            self._status = status

    def on_body(self, piece: bytes) -> None:
        """Keep the beginning of the body."""
        self._body += piece[: MAX_ANSWER_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        """Return the answer to whoever waits for it; one that comes before all is sent ends the connection."""
        if self._status is None:
            return
        self._keep_alive = self._keep_alive and self._parser.should_keep_alive() and not self._transport.get_write_buffer_size()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, self._body))
        self._wake()

    async def _send_rest(self, rest: memoryview, answer: "asyncio.Future[Answer]") -> None:
        """Send what is left of a body, until there is an answer."""
        while rest and not answer.done():
            if self._room is not None:
                await self._room
            else:
                self._transport.write(rest[:PIECE_BYTES])
                rest = rest[PIECE_BYTES:]
        if rest:
            self._keep_alive = False

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self._wake()

    def _wake(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _check(self) -> None:
        if self._progressed:
            self._progressed = False
            self._timer = self._loop.call_later(self._read_seconds, self._check)
        else:
            self._fail(TimeoutError())


class Connections:
    """The connections to the server of `url`, `limit` at most. Its requests have to be safe to repeat.

    Over https the server's certificate is checked: by the authority `ca`, a path or PEM, or by those that the system trusts.
    """

    def __init__(self, url: str, limit: int, ca: str | None = None, *, keep_seconds: float = KEEP_SECONDS) -> None:
        parts = urlsplit(url)
        self._host = (parts.hostname or "").rstrip(".")
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = client_context(ca) if parts.scheme == "https" else None
        self._keep_seconds = keep_seconds
        self._permits = asyncio.Semaphore(limit)
        self._idle: deque[Connection] = deque()
        """The longest idle first."""
        self._cleaning: asyncio.TimerHandle | None = None
        self.limit = limit
        self.in_use = 0
        """Number of connections that carry a request, or are being made for one."""
        self.waiting = 0
        """Number of requests that wait for a connection."""

    @property
    def idle(self) -> int:
        """Number of open connections without a request."""
        return sum(connection.is_reusable for connection in self._idle)

    async def request(self, head: bytes, body: bytes) -> Answer:
        """Send a request and return its answer. Raises UnreachableError, and what `Connection.send` raises.

        It is sent again, on a new connection, when the server had closed an idle one: nothing came back then.
        """
        self.waiting += 1
        try:
            await self._permits.acquire()
        finally:
            self.waiting -= 1
        self.in_use += 1
        try:
            connection = self._take_idle()
            if connection is not None:
                try:
                    return await self._send(connection, head, body)
                except ConnectionError:
                    if connection.response_started:
                        raise
            return await self._send(await self._open(), head, body)
        finally:
            self.in_use -= 1
            self._permits.release()

    def close(self) -> None:
        """Close the idle connections, for good: call it when no request is under way."""
        if self._cleaning is not None:
            self._cleaning.cancel()
        while self._idle:
            self._idle.pop().close()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                opened = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, interleave=1)
                name = self._host if self._tls is not None else None
                _, connection = await loop.create_connection(Connection, sock=opened, ssl=self._tls, server_hostname=name)
        except OSError as error:
            raise UnreachableError from error
        return connection

    async def _send(self, connection: Connection, head: bytes, body: bytes) -> Answer:
        answer = await connection.send(head, body)
        if connection.is_reusable:
            self._keep(connection)
        else:
            connection.close()
        return answer

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if self._cleaning is None:
            self._plan_cleaning()

    def _take_idle(self) -> Connection | None:
        """Return the connection that was used last: the others grow old, and are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                return connection
        return None

    def _plan_cleaning(self) -> None:
        self._cleaning = asyncio.get_running_loop().call_at(self._idle[0].idle_since + self._keep_seconds, self._close_old)

    def _close_old(self) -> None:
        old = asyncio.get_running_loop().time() - self._keep_seconds
        while self._idle and self._idle[0].idle_since <= old:
            self._idle.popleft().close()
        self._cleaning = None
        if self._idle:
            self._plan_cleaning()
