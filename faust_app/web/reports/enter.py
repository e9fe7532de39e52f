"""`/reports/enter`: the page that a signed link leads to, which exchanges it for a session, and the way out.

Opening the page uses nothing up: programs that look at a link before a person does would take it. Only the POST exchanges it.
"""

from typing import Final

from aiohttp import web

from faust_app.core.foreign import one_line
from faust_app.core.reports.link import LinkProblem
from faust_app.flows.reports.enter import Entered, ReportAccess, Visitor
from faust_app.web.admin.forms import form_of, see_other
from faust_app.web.admin.frame import exists
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.rules import ENTER
from faust_app.web.auth.tokens import actor_of, remote_of, sender_of
from faust_app.web.contract.bodies import shop_no_of
from faust_app.web.problems import Problem, wants_page
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame
from faust_app.web.reports.language import PARAMETER, language_of

_MAX_LINK: Final = 400
_NO_STORE: Final = {"Cache-Control": "no-store"}
_SAYS: Final = {LinkProblem.INVALID: "invalid", LinkProblem.EXPIRED: "expired", LinkProblem.TOO_LONG: "too_long", LinkProblem.USED: "used"}


class EnterPages:
    """Serves the way in and out. `embeds` is whether other sites may show the pages in a frame."""

    def __init__(self, frame: ReportFrame, access: ReportAccess, entrance: Entrance, *, embeds: bool) -> None:
        self._frame = frame
        self._access = access
        self._entrance = entrance
        self._embeds = embeds

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(ENTER, self.show)
        router.add_post(ENTER, self.enter)
        router.add_post(f"{SHOP}/leave", self.leave)

    async def show(self, request: web.Request) -> web.Response:
        """Show the page that exchanges the link by itself, or by its button."""
        link = request.query.get("link", "")
        if set(request.query) - {"link", PARAMETER} or not link or len(link) > _MAX_LINK:
            return self._refused(request, LinkProblem.INVALID)
        return self._frame.page(request, "reports/enter.html", secret=link)

    async def enter(self, request: web.Request) -> web.Response:
        """Exchange the link: for a cookie, or for a token that a page in a frame keeps in memory."""
        form = await form_of(request, "link", "framed")
        framed = form["framed"] == "1"
        if framed and not self._embeds:
            raise Problem(403, "pages of shops are not shown in frames; REPORT_EMBED_ORIGINS names the sites that may")
        visitor = Visitor(remote_of(request), one_line(request.headers.get("User-Agent", "")), framed)
        entered = await self._access.enter(form["link"], visitor) if len(form["link"]) <= _MAX_LINK else LinkProblem.INVALID
        if isinstance(entered, Entered):
            return self._entered(request, entered, framed=framed)
        return await self._not_entered(request, entered)

    async def leave(self, request: web.Request) -> web.Response:
        """End the session."""
        await form_of(request)
        shop_no_of(request, SEGMENT)
        await self._access.leave(sender_of(request), actor_of(request))
        language = language_of(request)
        title, text = language.text("enter.left"), language.text("enter.left.text")
        answer = self._frame.page(request, "reports/not_entered.html", title=title, text=text)
        self._entrance.clear_cookie(answer, self._entrance.visit_cookie)
        return answer

    def _entered(self, request: web.Request, entered: Entered, *, framed: bool) -> web.Response:
        start = self._start(request, entered.session.shop_no)
        if framed:
            return web.json_response({"token": entered.token, "start": start}, headers=_NO_STORE)
        answer = see_other(start) if wants_page(request) else web.json_response({"start": start}, headers=_NO_STORE)
        self._entrance.set_cookie(answer, self._entrance.visit_cookie, entered.token)
        return answer

    async def _not_entered(self, request: web.Request, problem: LinkProblem) -> web.Response:
        """Say why, unless it is the page of a link that was used here before, gone back to: then lead to where it led."""
        token = request.cookies.get(self._entrance.visit_cookie)
        sender = await self._access.identify(token, framed=False) if token and problem is LinkProblem.USED else None
        if sender is not None and sender.shops:
            return see_other(self._start(request, min(sender.shops)))
        return self._refused(request, problem)

    @staticmethod
    def _start(request: web.Request, shop_no: int) -> str:
        """Return the first page of the shop."""
        return (SHOP if exists(request, SHOP) else f"{SHOP}/mend").format(shop_no=shop_no)

    def _refused(self, request: web.Request, problem: LinkProblem) -> web.Response:
        language = language_of(request)
        key = f"enter.{_SAYS[problem]}"
        if not wants_page(request):
            raise Problem(401, language.text(f"{key}.text"), headers={"WWW-Authenticate": 'Bearer realm="shop-images"'})
        return self._frame.page(
            request, "reports/not_entered.html", status=401, title=language.text(key), text=language.text(f"{key}.text")
        )
