"""How Faust's web server is set up in both processes."""

from typing import Any, Final

import faust

from faust_app.metrics import Metrics
from faust_app.web.auth import Authentication
from faust_app.web.problems import problem_details, unambiguous
from faust_app.web.protocol import Runner

SHUTDOWN_SECONDS: Final = 2.0
"""How long a stopping process waits for open requests: a deploy must not hang on a slow client."""


def web_options(authentication: Authentication) -> dict[str, Any]:
    """Return the options of aiohttp's application: errors as problem details, nothing said twice, then who may pass."""
    return {"middlewares": [problem_details, unambiguous, authentication.middleware]}


def use_our_runner(app: faust.App, metrics: Metrics) -> None:
    """Serve Faust's web application on connections of ours, before it listens; Faust has no setting for either.

    Faust makes its runner when the application is made, and starts it later.
    """
    runner = Runner(app.web.web_app, metrics)  # type: ignore[attr-defined]
    runner._shutdown_timeout = SHUTDOWN_SECONDS  # noqa: SLF001 - aiohttp takes it from the site, which Faust makes
    app.web._runner = runner  # type: ignore[attr-defined]  # noqa: SLF001
