"""Errors over HTTP as RFC 9457 problem details, for our own handlers and for every page of Faust's server."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiohttp import web

from faust_app.core.failure import Permanent, Unavailable

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RETRY_AFTER_SECONDS = 5


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An answer other than success. `errors` are (field, reason) pairs; headers are added to the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title
        self.errors = errors
        self.headers = headers or {}

    @property
    def title_text(self) -> str:
        """The title: its own, or that of its status."""
        return self.title or _TITLES.get(self.status, "Error")

    def response(self) -> web.Response:
        """Return the problem as application/problem+json."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title_text,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"field": field, "reason": reason} for field, reason in self.errors]
        return web.Response(
            status=self.status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=self.headers
        )


def absence(failure: Unavailable) -> Problem:
    """Return the problem of a dependency that does not do its part."""
    detail = f"{failure.dependency.value} is away; nothing is known to be changed, ask again"
    return Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    415: "Unsupported content type",
    422: "Invalid fields",
    500: "Internal error",
    503: "Unavailable",
}


@web.middleware
async def problem_details(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem; what nobody expected is logged with its traceback and answered 500."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except Unavailable as failure:
        return absence(failure).response()
    except Permanent as failure:
        log.error("request is refused by the database for its content", method=request.method, detail=failure.detail)  # noqa: TRY400
        return Problem(400, failure.detail).response()
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is an answer
            raise
        headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
        return Problem(error.status, error.text or error.reason, headers=headers).response()
    except Exception:
        log.exception("request failed unexpectedly", method=request.method, path=request.path)
        return Problem(500, "an error of ours; the log has its traceback").response()
