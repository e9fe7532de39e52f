"""Puts the pages of shops together: their frame, and which there are."""

from collections.abc import Sequence

from aiohttp import web

from faust_app.web.admin.pages import Page
from faust_app.web.reports.frame import ReportFrame


class ReportPages:
    """The pages under `/reports`."""

    def __init__(self, frame: ReportFrame, pages: Sequence[Page]) -> None:
        self.frame = frame
        self._pages = pages

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        for page in self._pages:
            page.register(router)
