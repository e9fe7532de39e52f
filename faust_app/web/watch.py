"""`/lag` and `/stalled` as Faust views of every process; Faust's requests and answers are aiohttp's."""

from collections.abc import Callable
from typing import cast

import faust
from aiohttp import web
from faust.web import Request, Response, View

from faust_app.web.lag import LagPage
from faust_app.web.stalled import StalledPage


def register_watch(app: faust.App, lag: Callable[[], LagPage], stalled: Callable[[], StalledPage]) -> None:
    """Register the views; what they show is asked for with the first request."""

    @app.page("/lag")
    async def lag_view(_view: View, request: Request) -> Response:
        """Tell how far the consumer groups are behind."""
        return cast("Response", await lag().get(cast("web.Request", request)))

    @app.page("/stalled")
    async def stalled_view(_view: View, request: Request) -> Response:
        """Tell which images are unfinished."""
        return cast("Response", await stalled().get(cast("web.Request", request)))
