"""Renders errors as RFC 9457 problem details, for our own handlers and for every page of Faust's server."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiohttp import web

from faust_app.core.failure import Permanent, Unavailable
from faust_app.core.messages.strict_json import plain_name

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RETRY_AFTER_SECONDS = 5


def wants_page(request: web.Request) -> bool:
    """Return whether the client prefers HTML: a browser accepts HTML before JSON, a machine accepts JSON or names neither."""
    accept = request.headers.get("Accept", "").lower()
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An error response. `errors` are (field, reason) pairs; `headers` are added to the response, `members` to its object."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title
        self.errors = errors
        self.headers = headers or {}
        self.members = members or {}

    @property
    def title_text(self) -> str:
        """The problem's own title, or that of its status."""
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
        body |= self.members
        return web.Response(
            status=self.status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=self.headers
        )


def unavailable(failure: Unavailable) -> Problem:
    """Return the problem of an unavailable dependency."""
    # After a lost COMMIT nobody knows whether the request was applied; repeating it is safe.
    detail = f"{failure.dependency.value} is unavailable; the request may not have been applied, send it again"
    return Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Not possible",
    410: "Gone",
    413: "Too large",
    415: "Unsupported content type",
    417: "Expectation failed",
    421: "Wrong host",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


_SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not support this method",
    408: "the request did not arrive in time",
    413: "the request is larger than this address accepts",
    417: "the header Expect asks for something other than 100-continue",
}


def problem_of(status: int, detail: str | None, *, headers: dict[str, str] | None = None) -> Problem:
    """Return the problem of a status that none of our handlers chose; `detail` None stands for the status's own sentence."""
    return Problem(status, detail or _SENTENCES.get(status, "the request cannot be answered"), headers=headers)


def problem_pages(
    is_page: Callable[[web.Request], bool],
    page: Callable[[web.Request, Problem], web.Response],
    of_unavailable: Callable[[Unavailable], Problem] = unavailable,
) -> Any:
    """Return the middleware that answers the errors of the requests that `is_page` names with what `page` makes of them."""

    @web.middleware
    async def answered_with_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_page(request):
            return await handler(request)
        try:
            return await handler(request)
        except Problem as problem:
            return page(request, problem)
        except Unavailable as failure:
            return page(request, of_unavailable(failure))
        except web.HTTPException as error:
            if error.status < 400:  # noqa: PLR2004 - a redirect is an answer
                raise
            return page(request, problem_of(error.status, None))

    return answered_with_pages


_ONCE: Final = ("Authorization", "Content-Type", "Content-Encoding", "Host", "Origin", "Sec-Fetch-Site")
"""Headers that two readers could interpret differently when they are sent twice."""


@web.middleware
async def unambiguous(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request that repeats a parameter or a header of `_ONCE`; pages check their own parameters."""
    for name in _ONCE:
        if len(request.headers.getall(name, ())) > 1:
            raise Problem(400, f"the header {name} is given twice", errors=[(name, "is given more than once")])
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    if twice and request.path.startswith("/v1/"):
        name = plain_name(twice[0])
        raise Problem(400, f"the parameter {name} is given twice", errors=[(name, "is given more than once")])
    return await handler(request)


@web.middleware
async def problem_details(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem; an unexpected one is logged with its traceback and answered with 500."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except Unavailable as failure:
        return unavailable(failure).response()
    except Permanent as failure:
        log.error("request refused by the database for its content", method=request.method, detail=failure.detail)  # noqa: TRY400
        return Problem(400, failure.detail).response()
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is an answer
            raise
        headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
        detail = f"this address supports {headers['Allow'].replace(',', ', ')} only" if "Allow" in headers else None
        return problem_of(error.status, detail, headers=headers).response()
    except Exception:
        resource = request.match_info.route.resource
        log.exception("request failed unexpectedly", method=request.method, route=resource.canonical if resource else None)
        return Problem(500, "internal error; the log has its traceback").response()
