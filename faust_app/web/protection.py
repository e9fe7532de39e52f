"""Who gets in to the web process, which has pages for people. A worker has neither sessions nor frames, and loads none of this."""

from aiohttp import web

from faust_app.web.admin.pages import AdminPages
from faust_app.web.reports.frame import ReportFrame


def protect(application: web.Application, pages: AdminPages, *frames: ReportFrame) -> None:
    """Put the authentication by token or session before every route, and show errors to people as pages, of `frames` in their own."""
    shown = [pages.frame.middleware, *(frame.middleware for frame in frames)]
    application.middlewares.extend([*shown, pages.authentication.middleware])  # type: ignore[list-item]
