"""Registers `/lag` and `/stalled` as Faust views in every process; Faust's requests and responses are aiohttp's."""

from collections.abc import Callable
from typing import cast

import faust
from aiohttp import web
from faust.web import Request, Response, View

from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage


def register_watch(app: faust.App, lag: Callable[[], LagPage], stalled: Callable[[], StalledPage]) -> None:
    """Register the views. The pages are looked up per request, since they exist only once the app has started."""

    @app.page("/lag")
    async def lag_view(_view: View, request: Request) -> Response:
        """Report how far the consumer groups are behind."""
        return cast("Response", await lag().get(cast("web.Request", request)))

    @app.page("/stalled")
    async def stalled_view(_view: View, request: Request) -> Response:
        """List the unfinished images."""
        return cast("Response", await stalled().get(cast("web.Request", request)))
