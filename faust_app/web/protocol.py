"""HTTP below the handlers: answers what the parser refuses like every other error, and cuts off slow senders."""

import asyncio
import logging
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMethod,
    BadStatusLine,
    ContentLengthError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
    TransferEncodingError,
)

from faust_app.metrics import Metrics
from faust_app.web.access_log import AccessLog
from faust_app.web.problems import problem_of

log = structlog.get_logger()

HEAD_SECONDS: Final = 20.0
"""Seconds a request's line and headers may take, from its first byte or from the start of the connection."""
LINGERING_SECONDS: Final = 5.0
"""Seconds to wait for the rest of an unwanted body before the connection is closed."""
KEEPALIVE_SECONDS: Final = 75.0
"""Seconds a connection may be idle between two requests: longer than the usual 60 s of proxies, so that they close first."""
SERVER: Final = "shop-images"
"""The header `Server` of every response, without a version, which would tell attackers which holes to try."""

_REASONS: Final[dict[type[BaseException], str]] = {
    LineTooLong: "the request line or a header is longer than 8,190 bytes",
    BadHttpMethod: "the method of the request is not valid HTTP",
    InvalidURLError: "the address of the request is not valid",
    InvalidHeader: "a header of the request is not valid HTTP",
    ContentLengthError: "the request's Content-Length is not valid",
    TransferEncodingError: "the body of the request does not follow its Transfer-Encoding",
    BadStatusLine: "the first line of the request is not valid HTTP",
}


def parse_problem(error: BaseException | None) -> str:
    """Return one sentence about what the parser refused, without any of the sender's bytes."""
    return next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), "the request is not valid HTTP")


class RequestHandler(web.RequestHandler):
    """One connection. A parser error becomes problem details, one log line without the sender's bytes, and a count.

    aiohttp itself would log the raw request line and headers with a traceback, before any authentication.
    """

    __slots__ = ("_head_timer", "_metrics")

    def __init__(self, manager: web.Server, *, metrics: Metrics, **options: Any) -> None:
        super().__init__(manager, **options)
        self._metrics = metrics
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clock."""
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first byte of a request's head, stop it with the last."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._head_arrived()
        elif not self._request_in_progress and self._head_timer is None:
            self._expect_head()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's own text: it quotes the sender
    ) -> web.StreamResponse:
        """Answer a request that never reached a handler. Raises ConnectionError if a response has begun."""
        kind = type(exc).__name__ if exc is not None else "unknown"
        if status >= 500:  # noqa: PLR2004 - ours, not the sender's
            log.error("request failed below the handlers", error=kind)
            detail = "internal error; the log names its kind"
        else:
            self._metrics.malformed_requests.inc()
            log.info("malformed request refused", error=kind, remote=request.remote)
            detail = parse_problem(exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun and cannot be replaced")
        response = problem_of(status, detail).response()
        response.force_close()
        return response

    def log_exception(self, *_args: Any, exc_info: Any = None, **_kwargs: Any) -> None:
        """Log the kind of an error below the handlers; its text may quote the sender."""
        log.error("connection failed", error=type(exc_info).__name__ if isinstance(exc_info, BaseException) else "unknown")

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response: as a problem if aiohttp made it itself, and without versions."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:  # noqa: PLR2004 - errors only
            resp = problem_of(resp.status, None).response()
        if isinstance(resp, web.StreamResponse) and not resp.prepared:
            resp.headers["Server"] = SERVER
        return await super().finish_response(request, resp, start_time)

    def _expect_head(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.force_close)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Connections(web.Server):
    """Makes the server of an application use our connections. Bodies are never decompressed: an encoded one is refused."""

    def __init__(self, server: web.Server, metrics: Metrics) -> None:
        super().__init__(server.request_handler, request_factory=server.request_factory)
        self._metrics = metrics

    def __call__(self) -> RequestHandler:
        options: dict[str, Any] = {
            "access_log": logging.getLogger(__name__),
            "access_log_class": AccessLog,
            "auto_decompress": False,
            "lingering_time": LINGERING_SECONDS,
            "keepalive_timeout": KEEPALIVE_SECONDS,
        }
        return RequestHandler(self, metrics=self._metrics, loop=asyncio.get_running_loop(), **options)


class Runner(web.AppRunner):
    """Runs an application on our own connections."""

    def __init__(self, app: web.Application, metrics: Metrics) -> None:
        super().__init__(app, access_log=None)
        self._metrics = metrics

    async def _make_server(self) -> web.Server:
        return _Connections(await super()._make_server(), self._metrics)
