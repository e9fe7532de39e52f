"""One address for each way in which a source makes an image fail: `/failures/{code}`; `/failures/` lists them.

Each answers every request alike, so an image ends by the code of its address however often it is tried.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

from devstack import hostile_files as files
from devstack.image_source.elsewhere import ELSEWHERE
from devstack.image_source.pictures import picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIST: Final = "/failures/"
_PETABYTE: Final = 10**15
_PAUSE: Final = 0.1
"""Seconds between two bytes, and between two looks whether the client is still there."""


@dataclass(frozen=True)
class Failing:
    """What an address does, in words and in fact."""

    words: str
    answer: Answer


def status(number: int, **headers: str) -> Failing:
    """Answer with a status and no body."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=number, headers=headers)

    return Failing(f"status {number}", answer)


def redirect(target: str, words: str) -> Failing:
    """Redirect to the target, in which the names in braces are ports: its own, and those of `Elsewhere`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        there = request.app[ELSEWHERE]
        raise web.HTTPFound(target.format(own=request.url.port, untrusted=there.untrusted, closed=there.closed))

    return Failing(f"a redirect to {words}", answer)


def file(words: str, make: Callable[[], bytes]) -> Failing:
    """Answer 200 with a file, which is made when it is first asked for."""
    made = cache(make)

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=await asyncio.to_thread(made), content_type="application/octet-stream")

    return Failing(words, answer)


async def answer_nothing(request: web.Request) -> web.StreamResponse:
    """Wait until the client has had enough."""
    while _is_there(request):  # noqa: ASYNC110 - aiohttp has no event for it
        await asyncio.sleep(_PAUSE)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then until the client has had enough."""
    response = await _announced(request, len(_shoe()))
    while _is_there(request):
        await response.write(b"\xff")
        await asyncio.sleep(_PAUSE)
    return response


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    _close(request)
    return web.Response()


async def send_half(request: web.Request) -> web.StreamResponse:
    """Announce a picture and close the connection after half of it."""
    response = await _announced(request, len(_shoe()))
    await response.write(_shoe()[: len(_shoe()) // 2])
    _close(request)
    return response


async def announce_a_petabyte(request: web.Request) -> web.StreamResponse:
    """Announce more than anybody stores, and send none of it."""
    response = await _announced(request, _PETABYTE)
    _close(request)
    return response


async def encode(_request: web.Request) -> web.StreamResponse:
    """Say that a picture is compressed."""
    return web.Response(body=_shoe(), headers={"Content-Type": "image/jpeg", "Content-Encoding": "gzip"})


FAILURES: Final[dict[str, Failing]] = {
    "source_refused": status(418),
    "source_unauthorized": status(401),
    "source_forbidden": status(403),
    "source_not_found": status(404),
    "source_gone": status(410),
    "source_blocked_by_law": status(451),
    "source_busy": status(429, **{"Retry-After": "1"}),
    "source_error": status(500),
    "source_timeout": Failing("no answer", answer_nothing),
    "source_too_slow": Failing("ten bytes a second", drip),
    "source_reset": Failing("the connection ends without an answer", hang_up),
    "source_short": Failing("the connection ends in the middle of a picture", send_half),
    "source_unknown_host": redirect("http://no-such-host.invalid/", "a host that does not exist"),
    "source_unreachable": redirect("http://127.0.0.1:{closed}/", "a port where nobody listens"),
    "source_tls": redirect("https://127.0.0.1:{own}/", "https at a port that speaks http"),
    "bad_certificate": redirect("https://127.0.0.1:{untrusted}/", "https with a certificate that nobody vouches for"),
    "bad_address": redirect("file:///etc/passwd", "a file: address"),
    "address_refused": redirect("http://169.254.169.254/", "an address that is not public"),
    "port_refused": redirect("http://127.0.0.1:22/", "port 22"),
    "too_many_redirects": redirect(f"{LIST}too_many_redirects", "itself"),
    "too_large": Failing("a petabyte is announced", announce_a_petabyte),
    "content_encoded": Failing("a picture with Content-Encoding: gzip", encode),
    "empty": file("an empty file", bytes),
    "not_an_image": file("a page with status 200", files.page),
    "format_not_supported": file("a BMP", files.bmp),
    "format_heic": file("a HEIC, as phones make them", files.heic),
    "format_svg": file("an SVG", files.svg),
    "truncated": file("half of a picture, which is all that is announced", lambda: files.half("WEBP")),
    "image_broken": file("a GIF with a frame that has no width", lambda: files.gif(1, 0, 5)),
    "too_many_pixels": file("a WebP whose header says 16,384 x 16,384 pixels", lambda: files.webp(16_384, 16_384)),
    "side_too_long": file("a PNG whose header says 60,000 x 60,000 pixels", lambda: files.png(60_000, 60_000)),
    "too_many_frames": file("a GIF of 5,000 frames", lambda: files.gif(5000)),
    "check_crashed": file("a JPEG that takes minutes to decode; costs the worker its limit of ten seconds", files.endless_jpeg),
}
"""Every code that the answer of a source causes."""


def register(router: web.UrlDispatcher) -> None:
    """Add the routes."""
    router.add_get(LIST, show_list)
    router.add_get(LIST + "{code}", fail)


async def fail(request: web.Request) -> web.StreamResponse:
    """Answer so that the image fails by the code in the path."""
    failing = FAILURES.get(request.match_info["code"])
    if failing is None:
        raise web.HTTPNotFound(text=f"no address here causes this code; {LIST} lists those that there are\n")
    return await failing.answer(request)


async def show_list(request: web.Request) -> web.StreamResponse:
    """List a code, its address and what it does, a line each."""
    lines = [f"{code:<22} http://{request.host}{LIST}{code:<22} {failing.words}" for code, failing in FAILURES.items()]
    return web.Response(text="\n".join(lines) + "\n")


@cache
def _shoe() -> bytes:
    return picture("shoe", "jpg", 120_000)


async def _announced(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
    response.content_length = length
    await response.prepare(request)
    return response


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
