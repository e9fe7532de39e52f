"""HTTP/1.1 to one server, over connections that stay open: as much of it as the PUT of an object needs.

A client for everybody decides at each request what any request may need, which costs more than sending an image. httptools, the parser
of Node.js, reads the answers.
"""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
KEEP_SECONDS: Final = 15.0
"""How long a connection stays open without a request: shorter than servers and load balancers leave one open."""
MAX_ANSWER_BYTES: Final = 4096
"""How much of an answer's body is kept; the rest is read and dropped."""
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FINAL: Final = 200
"""An answer with a lower status announces another one."""


class UnreachableError(ConnectionError):
    """No connection came about; the cause says why."""


class InvalidAnswerError(ConnectionError):
    """What came back is no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and the first MAX_ANSWER_BYTES of its body."""

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
        self._unsent = 0
        self._has_moved = False
        self.heard = False
        """Whether anything came back for the latest request."""
        self.idle_since = 0.0
        self._may_go_on = True

    @property
    def is_reusable(self) -> bool:
        """Whether the connection is open, and its latest answer leaves it fit for another request."""
        return self._may_go_on and not self._transport.is_closing()

    async def send(self, head: bytes, body: bytes) -> Answer:
        """Send a request and return its answer. Raises OSError, InvalidAnswerError among them; the connection is closed then.

        It is a TimeoutError when for `read_seconds` to twice that nothing has been sent or received.
        """
        self._status, self._body, self.heard, self._has_moved = None, b"", False, False
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        self._transport.writelines((head, body))
        self._unsent = self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(self._read_seconds, self._check)
        try:
            return await answer
        except BaseException:
            self.close()
            raise
        finally:
            self._timer.cancel()
            self._answer = None

    def close(self) -> None:
        """Close the connection at once."""
        self._may_go_on = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, as asyncio says."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came back; what comes without a request ends the connection."""
        if self._answer is None:
            self.close()
            return
        self.heard = self._has_moved = True
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._fail(InvalidAnswerError())

    def connection_lost(self, error: Exception | None) -> None:
        """End the answer, which may have no other end than that of its connection; without a status there was none."""
        self._may_go_on = False
        if self._status is None:
            self._fail(error or ConnectionResetError())
        else:
            self.on_message_complete()

    def on_message_begin(self) -> None:
        """End the connection after an answer that another one follows, which nobody asked for."""
        if self._answer is not None and self._answer.done():
            self._may_go_on = False

    def on_headers_complete(self) -> None:
        """Take the status of a final answer."""
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL:
            self._status = status

    def on_body(self, piece: bytes) -> None:
        """Keep the beginning of the body."""
        self._body += piece[: MAX_ANSWER_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        """Return the answer to whoever waits for it. One that comes before all is sent leaves nothing that could be used again."""
        if self._status is None:
            return
        self._may_go_on = self._may_go_on and self._parser.should_keep_alive() and not self._transport.get_write_buffer_size()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, self._body))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _check(self) -> None:
        unsent = self._transport.get_write_buffer_size()
        if self._has_moved or unsent < self._unsent:
            self._has_moved, self._unsent = False, unsent
            self._timer = self._loop.call_later(self._read_seconds, self._check)
        else:
            self._fail(TimeoutError())


class Connections:
    """The connections to the server of `url`, `limit` at most. Its requests have to be safe to repeat."""

    def __init__(self, url: str, limit: int, tls: ssl.SSLContext | None = None, *, keep_seconds: float = KEEP_SECONDS) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = tls
        self._keep_seconds = keep_seconds
        self._places = asyncio.Semaphore(limit)
        self._idle: deque[Connection] = deque()
        """The longest idle first."""
        self._cleaning: asyncio.TimerHandle | None = None
        self.limit = limit
        self.in_use = 0
        self.waiting = 0

    @property
    def idle(self) -> int:
        """Number of open connections without a request."""
        return len(self._idle)

    async def request(self, head: bytes, body: bytes) -> Answer:
        """Send a request and return its answer. Raises UnreachableError, and what `Connection.send` raises.

        On a connection that the server has closed meanwhile nothing was heard: the request is sent again, on a new one.
        """
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            connection = self._take_idle()
            if connection is not None:
                try:
                    return await self._send(connection, head, body)
                except ConnectionError:
                    if connection.heard:
                        raise
            return await self._send(await self._open(), head, body)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close the idle connections, for good: call it when no request is under way."""
        if self._cleaning is not None:
            self._cleaning.cancel()
        while self._idle:
            self._idle.pop().close()

    async def _open(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await asyncio.get_running_loop().create_connection(Connection, self._host, self._port, ssl=self._tls)
        except OSError as error:
            raise UnreachableError from error
        return connection

    async def _send(self, connection: Connection, head: bytes, body: bytes) -> Answer:
        self.in_use += 1
        try:
            answer = await connection.send(head, body)
        finally:
            self.in_use -= 1
        if connection.is_reusable:
            self._keep(connection)
        else:
            connection.close()
        return answer

    def _keep(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._cleaning is None:
            self._cleaning = loop.call_later(self._keep_seconds, self._close_old)

    def _take_idle(self) -> Connection | None:
        """Return the connection that was used last: the others grow old, and are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_reusable:
                return connection
        return None

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0].idle_since <= loop.time() - self._keep_seconds:
            self._idle.popleft().close()
        self._cleaning = loop.call_later(self._keep_seconds, self._close_old) if self._idle else None
