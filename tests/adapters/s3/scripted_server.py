"""A server that says to each connection what a test wrote down for it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress


class Peer:
    """One connection as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read_request(self) -> bytes:
        """Return the next request. Raises IncompleteReadError when the client closes."""
        head = await self.read_head()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await self._reader.readexactly(length)

    async def read_head(self) -> bytes:
        """Return the head of the next request."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def read(self, size: int) -> None:
        """Read so many bytes of a body."""
        await self._reader.readexactly(size)

    async def answer(self, *pieces: bytes) -> None:
        """Send the pieces, each by itself."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    async def is_closed_by_client(self) -> bool:
        """Wait until the client closes; return whether it had nothing more to say."""
        try:
            return not await self._reader.read()
        except ConnectionResetError:
            return True


class Server:
    """Serves each connection by the next of `scripts`, the last one for all that follow."""

    def __init__(self, scripts: tuple[Callable[[Peer], Awaitable[None]], ...]) -> None:
        self._scripts = scripts
        self.url = ""
        self.opened = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, and close it; a script ends early where the client closes first."""
        script = self._scripts[min(self.opened, len(self._scripts) - 1)]
        self.opened += 1
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            await script(Peer(reader, writer))


@asynccontextmanager
async def serving(
    *scripts: Callable[[Peer], Awaitable[None]], tls: ssl.SSLContext | None = None, receive_buffer: int | None = None
) -> AsyncIterator[Server]:
    server, listener = Server(scripts), socket.socket()
    if receive_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listener.bind(("127.0.0.1", 0))
    listening = await asyncio.start_server(server.serve, sock=listener, ssl=tls)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield server


def answering(*pieces: bytes) -> Callable[[Peer], Awaitable[None]]:
    """Answer every request of a connection with the same pieces."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.read_request()
            await peer.answer(*pieces)

    return script


def answering_once(left: asyncio.Event, *pieces: bytes) -> Callable[[Peer], Awaitable[None]]:
    """Answer one request with the pieces, with none not at all; set `left` when the client then closes without another word."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(*pieces)
        assert await peer.is_closed_by_client()
        left.set()

    return script
