"""Stands where aiohttp opens sockets: the address that is judged is the one that is connected to.

A check of names before the connection could be answered with one address and the connection made to another (DNS
rebinding), and aiohttp asks no resolver for addresses that are written as such. Its `socket_factory` sees them all.
"""

import socket
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.tracing import Trace

from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.addresses import Opened, refusal


@dataclass(slots=True)
class _Aim:
    """What one connection is made for, and what became of its addresses."""

    host: str
    permitted: int = 0
    refused: list[str] = field(default_factory=list)


_aim: ContextVar[_Aim] = ContextVar("_aim")


class GuardedConnector(aiohttp.TCPConnector):
    """Connects to permitted addresses only. A host whose every address is refused raises Permanent `address_refused`.

    Of a host with several addresses the permitted ones are tried and the others left alone.
    """

    def __init__(self, opened: Opened, **options: Any) -> None:
        super().__init__(socket_factory=self._open, **options)
        self._opened = opened

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 - aiohttp's signature
        """Connect as aiohttp does, to what is permitted. Raises Permanent beside aiohttp's errors."""
        aim = _Aim(req.url.raw_host or "")
        token = _aim.set(aim)
        try:
            return await super().connect(req, traces, timeout)
        except aiohttp.ClientConnectorError as error:
            if aim.refused and not aim.permitted:
                raise Permanent(FailureCode.ADDRESS_REFUSED, f"The address of the host is not public: {aim.refused[0]}.") from error
            raise
        finally:
            _aim.reset(token)

    def _open(self, info: AddrInfoType) -> socket.socket:
        """Open the socket of one address. Raises PermissionError, which aiohttp takes as a failed attempt."""
        family, kind, protocol, _, address = info
        aim = _aim.get()
        reason = refusal(str(address[0]), int(address[1]), host=aim.host, opened=self._opened)
        if reason is not None:
            aim.refused.append(reason)
            raise PermissionError(reason)
        aim.permitted += 1
        return socket.socket(family, kind, protocol)
