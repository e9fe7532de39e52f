"""A source that misbehaves on purpose, for tests and benchmarks: each address is one way to harm a client.

`/good/{n}` is an ordinary picture, `/strange/{n}` one with undecodable headers and bytes behind its end; `FILES` and `MANNERS`
list the other addresses and the failure code each must cause. Run it as `python -m devstack.hostile_source PORT`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from devstack import hostile_files as files
from devstack.image_source.pictures import flat_picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOST: Final = "127.0.0.1"
GOOD_BYTES: Final = 100_000
PAUSE: Final = 0.05
"""Seconds between two bytes of a dripping answer."""
_OK: Final = b"HTTP/1.1 200 OK\r\n"
STRANGE: Final = b'ETag: "\xe4\xff"\r\nLast-Modified: \xff\r\nContent-Type: image/\xe4\r\n'
_PIECE: Final = bytes(64 * 1024)

FILES: Final[dict[str, tuple[str, bytes]]] = {
    "page": ("not_an_image", files.page()),
    "heic": ("format_heic", files.heic()),
    "svg": ("format_svg", files.svg()),
    "truncated": ("truncated", flat_picture(1, 20_000)[:10_000]),
    "half-webp": ("truncated", files.half("WEBP")),
    "half-avif": ("truncated", files.half("AVIF")),
    "gif-without-width": ("image_broken", files.gif(1, 0, 5)),
    "empty": ("empty", b""),
    "png-bomb": ("side_too_long", files.png(60_000, 60_000, bytes(1024 * 1024))),
    "png-of-text": ("image_broken", files.png_of_chunks(100)),
    "gif-of-5000-frames": ("too_many_frames", files.gif(5000)),
    "gif-that-grows": ("side_too_long", files.gif(1, 65_535, 65_535)),
    "webp-bomb": ("too_many_pixels", files.webp(16_384, 16_384)),
    "jpeg-bomb": ("too_many_pixels", files.jpeg(16_384, 16_384)),
}
"""Well-formed answers with harmful content: the failure code each causes, and its bytes."""


@dataclass
class Connection:
    """The response side of one request; sent bytes are counted under its address."""

    name: str
    writer: asyncio.StreamWriter
    sent: Counter[str]

    async def send(self, data: bytes) -> None:
        """Send as fast as the client reads."""
        self.sent[self.name] += len(data)
        self.writer.write(data)
        await self.writer.drain()

    async def send_for_ever(self, data: bytes, pause: float = 0.0) -> None:
        """Repeat the data until the client hangs up."""
        while True:
            await self.send(data)
            await asyncio.sleep(pause)


async def drip(to: Connection) -> None:
    """Announce a picture and send one byte every PAUSE seconds."""
    await to.send(_OK + b"Content-Length: 100000\r\n\r\n")
    await to.send_for_ever(b"x", PAUSE)


async def drip_head(to: Connection) -> None:
    """Never finish the headers."""
    await to.send(_OK + b"X-Slow: ")
    await to.send_for_ever(b"x", PAUSE)


async def silent(_to: Connection) -> None:
    """Read the request and never answer."""
    await asyncio.Event().wait()


async def endless(to: Connection) -> None:
    """Announce no length and never stop sending."""
    await to.send(_OK + b"Content-Type: image/jpeg\r\nConnection: close\r\n\r\n\xff\xd8\xff")
    await to.send_for_ever(_PIECE)


async def endless_chunks(to: Connection) -> None:
    """Send chunks without end."""
    await to.send(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    await to.send_for_ever(b"%x\r\n" % len(_PIECE) + _PIECE + b"\r\n")


async def announces_more(to: Connection) -> None:
    """Announce more bytes than are sent."""
    await to.send(_OK + b"Content-Length: 100000\r\nConnection: close\r\n\r\n" + bytes(100))


async def announces_less(to: Connection) -> None:
    """Announce fewer bytes than are sent: the rest answers no request."""
    picture = flat_picture(1, 20_000)
    await to.send(_OK + b"Content-Length: 10000\r\n\r\n" + picture)


async def announces_a_petabyte(to: Connection) -> None:
    """Announce a size that no client can hold."""
    await to.send(_OK + b"Content-Length: 1000000000000000\r\n\r\n" + bytes(100))


async def gzip_bomb(to: Connection) -> None:
    """Send an encoded body that was not requested: 64 MB in 64 kB."""
    await to.send(whole(files.gzip_bomb(), b"Content-Encoding: gzip\r\n"))


async def endless_headers(to: Connection) -> None:
    """Send headers without end."""
    await to.send(_OK)
    await to.send_for_ever(b"X-Header: value\r\n" * 100)


async def endless_continue(to: Connection) -> None:
    """Send 100 Continue without end."""
    await to.send_for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", PAUSE)


async def reset(to: Connection) -> None:
    """Reset the connection in the middle of the body."""
    await to.send(_OK + b"Content-Length: 100000\r\n\r\n" + bytes(100))
    await asyncio.sleep(PAUSE)
    _break_off(to.writer)


async def reset_at_once(to: Connection) -> None:
    """Reset the connection before the first byte."""
    _break_off(to.writer)


async def hang_up(_to: Connection) -> None:
    """Close the connection without an answer."""


async def garbage(to: Connection) -> None:
    """Send bytes that are not HTTP."""
    await to.send(bytes(range(256)) * 4)


async def redirect_loop(to: Connection) -> None:
    """Redirect to itself."""
    await to.send(b"HTTP/1.1 302 Found\r\nLocation: /redirect-loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def redirect_to_metadata(to: Connection) -> None:
    """Redirect to the address where clouds serve credentials."""
    await to.send(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n")


async def redirect_to_file(to: Connection) -> None:
    """Redirect to a file of the worker's machine."""
    await to.send(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


MANNERS: Final[dict[str, tuple[str, Callable[[Connection], Awaitable[None]]]]] = {
    "drip": ("source_too_slow", drip),
    "drip-head": ("source_timeout", drip_head),
    "silent": ("source_timeout", silent),
    "endless": ("too_large", endless),
    "endless-chunks": ("too_large", endless_chunks),
    "announces-more": ("source_short", announces_more),
    "announces-less": ("source_error", announces_less),
    "announces-a-petabyte": ("too_large", announces_a_petabyte),
    "gzip-bomb": ("content_encoded", gzip_bomb),
    "endless-headers": ("source_error", endless_headers),
    "endless-continue": ("source_timeout", endless_continue),
    "reset": ("source_reset", reset),
    "reset-at-once": ("source_reset", reset_at_once),
    "hang-up": ("source_reset", hang_up),
    "garbage": ("source_error", garbage),
    "redirect-loop": ("too_many_redirects", redirect_loop),
    "redirect-to-metadata": ("address_refused", redirect_to_metadata),
    "redirect-to-file": ("bad_address", redirect_to_file),
}
"""Ways to answer: the failure code each causes, and its handler."""


class HostileSource:
    """Listens at address `bind` on `port`, or on a free port when it is 0; `sent` counts bytes by address."""

    def __init__(self, port: int = 0, bind: str = HOST) -> None:
        self._wanted_port = port
        self._bind = bind
        self._server: asyncio.Server
        self._open: set[asyncio.Task[None]] = set()
        self.sent: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._bind, self._wanted_port, backlog=1024)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, name: str) -> str:
        """Return the address of a file, a manner, or `good/{n}`."""
        return f"http://{HOST}:{self.port}/{name}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            with suppress(OSError, EOFError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                name = head.split(b" ", 2)[1].decode().lstrip("/").partition("?")[0]
                await answer(Connection(name, writer, self.sent))
        finally:
            writer.close()


async def answer(to: Connection) -> None:
    """Answer one request."""
    first, _, number = to.name.partition("/")
    if first == "good":
        await to.send(whole(flat_picture(int(number), GOOD_BYTES)))
    elif first == "strange":
        await to.send(whole(flat_picture(int(number), GOOD_BYTES) + bytes(range(256)), STRANGE))
    elif first in FILES:
        await to.send(whole(FILES[first][1]))
    elif first in MANNERS:
        await MANNERS[first][1](to)
    else:
        await to.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def whole(body: bytes, headers: bytes = b"") -> bytes:
    """Return a well-formed answer."""
    return _OK + headers + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


def _break_off(writer: asyncio.StreamWriter) -> None:
    """Close the connection with a reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def main() -> None:
    """Serve until the process is ended, on every address, so that each manner may have a loopback host of its own."""
    async with HostileSource(int(sys.argv[1]), "0.0.0.0"):  # noqa: S104 - all loopback addresses are needed
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
