"""`/reports/let-us-in`: who we are and how to let us in, for whoever runs a shop's server; open to all."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.auth.rules import LET_US_IN
from faust_app.web.reports.frame import ReportFrame
from faust_app.web.reports.language import PARAMETER

_TOKEN: Final = "shop-images"  # noqa: S105 - the name at the beginning of our user agent
"""What every release's user agent begins with: a rule by the whole of it would refuse the next release."""


class LetUsInPage:
    """Serves the page; `agent` is our user agent, `addresses` where we come from, `contact` whom to ask."""

    def __init__(self, frame: ReportFrame, *, agent: str, addresses: Sequence[str], contact: str | None) -> None:
        self._frame = frame
        self._agent = agent
        self._addresses = addresses
        self._contact = contact

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(LET_US_IN, self.show)

    async def show(self, request: web.Request) -> web.Response:
        """Show the page."""
        refuse_unknown(request, PARAMETER)
        return self._frame.page(
            request, "reports/let_us_in.html", agent=self._agent, addresses=self._addresses, contact=self._contact, token=_TOKEN
        )
