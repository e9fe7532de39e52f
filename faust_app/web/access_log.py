"""The access log: one line for each request, with who sent it and how it was answered, and nothing that is secret."""

import logging
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from faust_app.web.auth.tokens import remote_of, sender_or_none

log = structlog.get_logger()

QUIET: Final = frozenset({"/health", "/ready", "/metrics"})
"""Asked for every few seconds by machines that watch."""
_MALFORMED: Final = "UNKNOWN"
"""What aiohttp calls the method of a request that it cannot parse; such a request has a line of its own."""
_SHOWN: Final = 200
_CORRELATION: Final = web.RequestKey("correlation_id", str)


def correlate(request: web.Request, correlation_id: str | None) -> None:
    """Show in the request's line the id that its sender gave to an image."""
    if correlation_id is not None:
        request[_CORRELATION] = correlation_id


class AccessLog(AbstractAccessLogger):
    """Implements aiohttp's port. Of a query only the names are shown: addresses, searches and links come as values."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line of an answered request; `time` is in seconds, `bytes` counts headers too."""
        if request.path in QUIET or request.method == _MALFORMED or not isinstance(request, web.Request):
            return
        sender = sender_or_none(request)
        fields = {
            "query": ",".join(sorted(set(request.query)))[:_SHOWN],
            "sender": None if sender is None else sender.name,
            "remote": remote_of(request),
            "correlation_id": request.get(_CORRELATION),
        }
        log.info(
            "request",
            method=request.method,
            path=request.rel_url.raw_path[:_SHOWN],
            status=response.status,
            ms=round(time * 1000, 1),
            bytes=response.body_length,
            **{name: value for name, value in fields.items() if value},
        )

    @property
    def enabled(self) -> bool:
        """Whether anybody reads the lines."""
        return logging.getLogger(__name__).isEnabledFor(logging.INFO)
