"""`/admin/status`: what is mis-set or unreachable, asked when the page is opened."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from faust_app.core.selfcheck.finding import Finding, worst
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame

PATH = "/admin/status"


class StatusPage:
    """Serves the self-check of the web process."""

    def __init__(self, frame: Frame, selfcheck: Callable[[], Awaitable[Sequence[Finding]]]) -> None:
        self._frame = frame
        self._selfcheck = selfcheck

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.show)

    async def show(self, request: web.Request) -> web.Response:
        """Run the self-check, and show its findings."""
        refuse_unknown(request)
        findings = await self._selfcheck()
        return self._frame.page(request, "admin/status.html", findings=findings, worst=worst(findings).value, path=PATH)
