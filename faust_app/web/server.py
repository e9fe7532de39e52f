"""Sets up Faust's web server, in the same way for worker and web."""

import asyncio
from typing import Any, Final

import faust
from aiohttp import web
from faust.web.base import BlueprintManager

from faust_app.metrics import Metrics
from faust_app.web.auth.tokens import Authentication
from faust_app.web.contract.operation import operation_of
from faust_app.web.problems import RETRY_AFTER_SECONDS, Handler, Problem, problem_details, unambiguous
from faust_app.web.protocol import Runner

SHUTDOWN_SECONDS: Final = 2.0
"""Seconds a stopping process waits for open requests: a slow client must not block a deploy."""


ANSWER_SECONDS: Final = 30.0
"""Seconds a handler may take: above the 20 that a body may take, below the 60 after which proxies give up.

A database that is frozen neither answers nor refuses; without a bound, requests would wait for it, and be applied when it
comes back, long after their senders gave up.
"""


@web.middleware
async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 503 when a handler takes too long; what it had not committed is rolled back."""
    operation = operation_of(request.match_info.handler)
    seconds = ANSWER_SECONDS + (operation.waits if operation is not None else 0.0)
    try:
        async with asyncio.timeout(seconds):
            return await handler(request)
    except TimeoutError:
        detail = f"no answer within {seconds:.0f} s; the request may not have been applied, send it again"
        raise Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}) from None


def web_options(authentication: Authentication | None = None) -> dict[str, Any]:
    """Return the options of aiohttp's application; the outermost middleware renders the errors of the others.

    Without an authentication, `protection.protect` has to add one before the server listens.
    """
    return {"middlewares": [problem_details, bounded, unambiguous, *([authentication.middleware] if authentication else [])]}


def router_of(app: faust.App) -> web.UrlDispatcher:
    """Return the router of Faust's web application; routes are added before it listens."""
    return app.web.web_app.router  # type: ignore[attr-defined,no-any-return]


def without_pages_of_faust(app: faust.App) -> None:
    """Leave out every page of Faust; call when the app is made. Faust has settings for all of them but its index."""
    app.web.blueprints = BlueprintManager([])


def use_our_runner(app: faust.App, metrics: Metrics) -> None:
    """Serve Faust's web application on our own connections; call before it listens. Faust has no setting for it.

    Faust creates its runner with the application and starts it later, so the runner can be replaced in between.
    """
    runner = Runner(app.web.web_app, metrics)  # type: ignore[attr-defined]
    runner._shutdown_timeout = SHUTDOWN_SECONDS  # noqa: SLF001 - aiohttp takes it from the site, which Faust creates
    app.web._runner = runner  # type: ignore[attr-defined]  # noqa: SLF001
