"""Two ports beside the image source that take no request: one whose certificate nobody vouches for, one where nobody listens."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trustme
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Elsewhere:
    """The two ports; 0 is a free one until they are taken."""

    untrusted: int
    closed: int


FREE_PORTS: Final = Elsewhere(0, 0)

ELSEWHERE: Final = web.AppKey("ELSEWHERE", Elsewhere)


def taken(wanted: Elsewhere) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return what takes the ports while the application runs, and keeps them in it."""

    async def take(application: web.Application) -> AsyncIterator[None]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert(HOST).configure_cert(context)
        with socket.socket() as closed:  # bound and never listening: every connection is refused
            closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            closed.bind((HOST, wanted.closed))
            async with await asyncio.start_server(lambda _, writer: writer.close(), HOST, wanted.untrusted, ssl=context) as untrusted:
                application[ELSEWHERE] = Elsewhere(untrusted.sockets[0].getsockname()[1], closed.getsockname()[1])
                yield

    return take
