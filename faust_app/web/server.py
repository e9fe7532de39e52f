"""How Faust's web server is set up in both processes."""

from typing import Any, Final

import faust

from faust_app.web.auth import Authentication
from faust_app.web.problems import problem_details

SHUTDOWN_SECONDS: Final = 2.0
"""How long a stopping process waits for open requests: a deploy must not hang on a slow client."""


def web_options(authentication: Authentication) -> dict[str, Any]:
    """Return the options of aiohttp's application: errors as problem details, then who may pass."""
    return {"middlewares": [problem_details, authentication.middleware]}


def bound_shutdown(app: faust.App) -> None:
    """Bound the wait for open requests; Faust has no setting for it."""
    app.web._runner._shutdown_timeout = SHUTDOWN_SECONDS  # type: ignore[attr-defined]  # noqa: SLF001
