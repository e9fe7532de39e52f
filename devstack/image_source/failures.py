"""One address for each failure that a source can cause: `/failures/{code}`, and `/failures/` lists them.

Whoever integrates a shop tries by them what the product says of a bad picture or a bad server.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Final

from aiohttp import web
from PIL import Image

from devstack import hostile_files as files
from devstack.image_source.pictures import flat_picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PAUSE: Final = 0.2
"""Seconds between two bytes of an answer that is too slow."""
_HUGE: Final = 10**12


def _status(status: int) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    return answer


def _file(content: Callable[[], bytes], content_type: str = "image/jpeg", **headers: str) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=content(), content_type=content_type, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return answer


def _bitmap() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "BMP")
    return buffer.getvalue()


async def _never(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("it waits until the client leaves")


async def _begun(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
    response.content_length = length
    await response.prepare(request)
    return response


async def _drips(request: web.Request) -> web.StreamResponse:
    response = await _begun(request, 100_000)
    while True:
        await response.write(b"x")
        await asyncio.sleep(_PAUSE)


async def _ends_early(request: web.Request) -> web.StreamResponse:
    response = await _begun(request, 100_000)
    await response.write(bytes(100))
    if request.transport is not None:
        request.transport.close()
    return response


async def _resets(request: web.Request) -> web.StreamResponse:
    response = await _begun(request, 100_000)
    await response.write(bytes(100))
    if request.transport is not None:
        # Without a wait for what is unsent, closing sends a reset.
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return response


async def _redirects(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.path)


async def _announces_too_much(request: web.Request) -> web.StreamResponse:
    response = await _begun(request, _HUGE)
    await response.write(bytes(100))
    return response


FAILURES: Final[dict[str, Handler]] = {
    "source_refused": _status(400),
    "source_unauthorized": _status(401),
    "source_forbidden": _status(403),
    "source_not_found": _status(404),
    "source_gone": _status(410),
    "source_blocked_by_law": _status(451),
    "source_busy": _status(429),
    "source_error": _status(500),
    "source_timeout": _never,
    "source_too_slow": _drips,
    "source_reset": _resets,
    "source_short": _ends_early,
    "too_many_redirects": _redirects,
    "too_large": _announces_too_much,
    "content_encoded": _file(files.gzip_bomb, Content_Encoding="gzip"),
    "empty": _file(lambda: b""),
    "not_an_image": _file(files.page, "text/html"),
    "format_not_supported": _file(_bitmap, "image/bmp"),
    "format_heic": _file(files.heic, "image/heic"),
    "format_svg": _file(files.svg, "image/svg+xml"),
    "truncated": _file(lambda: flat_picture(1, 20_000)[:10_000]),
    "image_broken": _file(lambda: files.gif(1, 0, 5), "image/gif"),
    "too_many_pixels": _file(lambda: files.jpeg(16_384, 16_384)),
    "side_too_long": _file(lambda: files.gif(1, 65_535, 65_535), "image/gif"),
    "too_many_frames": _file(lambda: files.gif(5000), "image/gif"),
}
"""What is answered below `/failures/`, by the failure code that it causes."""
ELSEWHERE: Final = {
    "bad_address": "http://",
    "address_refused": "http://10.0.0.1/a.jpg",
    "port_refused": "http://127.0.0.1:22/a.jpg",
    "source_unknown_host": "http://nowhere.invalid/a.jpg",
    "source_tls": "https://{host}/a.jpg",
}
"""Addresses that fail before anything is answered; `{host}` is this source's. Some are refused when they are sent."""


async def serve_failure(request: web.Request) -> web.StreamResponse:
    """Answer in the way that causes the failure code in the path."""
    answer = FAILURES.get(request.match_info["code"])
    if answer is None:
        raise web.HTTPNotFound(text=f"no such failure; there are {', '.join(FAILURES)}\n")
    return await answer(request)


async def list_failures(request: web.Request) -> web.StreamResponse:
    """List an address for each failure code, a line each."""
    here = f"http://{request.host}"
    lines = [f"{code:<22} {here}/failures/{code}" for code in FAILURES]
    lines += [f"{code:<22} {address.format(host=request.host)}" for code, address in ELSEWHERE.items()]
    return web.Response(text="\n".join(lines) + "\n")
