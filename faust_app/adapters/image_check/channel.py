"""The parent's end of a child's socket: one image goes out in one call, one answer comes back in one packet."""

import asyncio
import socket
from typing import Final

from faust_app.adapters.image_check.child import ANSWER, READY, REQUEST

_SEND_BUFFER: Final = 1024 * 1024
"""Bytes asked of the kernel, which grants less by default: what fits leaves in one call, without waiting for the child to read."""
_MOST: Final = 1024
"""Bytes of the longest answer. Whoever sends more is controlled by an image."""


class Channel:
    """Implements the protocol of `child` for one exchange at a time.

    The loop watches the socket as long as the channel is open: to begin and end that for each answer costs more than to read it.
    Every method raises EOFError or OSError when the child is gone.
    """

    def __init__(self, ours: socket.socket) -> None:
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._socket = ours
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._ended = False
        self._more: asyncio.Future[None] | None = None
        self._loop.add_reader(ours, self._read)

    async def ready(self) -> None:
        """Wait until the child serves."""
        await self._receive(len(READY))

    async def ask(self, level: int, content: bytes) -> bytes:
        """Send an image and return the answer, JSON. Raises ValueError for what is no answer."""
        if self._received:
            raise ValueError("an answer to nothing")
        await self._send(REQUEST.pack(level, len(content)), content)
        (length,) = ANSWER.unpack(await self._receive(ANSWER.size))
        if length > _MOST:
            raise ValueError("an answer that is too long")
        return await self._receive(length)

    def close(self) -> None:
        """Close the socket, which ends a child that waits for an image."""
        self._stop()
        self._socket.close()

    async def _send(self, head: bytes, content: bytes) -> None:
        try:
            sent = self._socket.sendmsg((head, content))
        except BlockingIOError:
            sent = 0
        if sent < len(head):
            await self._loop.sock_sendall(self._socket, head[sent:] + content)
        elif sent < len(head) + len(content):
            await self._loop.sock_sendall(self._socket, memoryview(content)[sent - len(head) :])

    async def _receive(self, length: int) -> bytes:
        """Return so many of the bytes received, and wait for those that are missing."""
        while len(self._received) < length:
            if self._ended:
                raise EOFError
            self._more = self._loop.create_future()
            await self._more
        taken, self._received = self._received[:length], self._received[length:]
        return taken

    def _read(self) -> None:
        """Keep what has come. The end of the socket is kept too: it would be announced again and again."""
        try:
            piece = self._socket.recv(_MOST)
        except BlockingIOError:
            return
        except OSError:  # the child died with bytes unread, as good as an end
            piece = b""
        self._received += piece
        if not piece or len(self._received) > ANSWER.size + _MOST:
            self._stop()
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def _stop(self) -> None:
        if not self._ended:
            self._ended = True
            self._loop.remove_reader(self._socket)
