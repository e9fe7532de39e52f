"""`/` and `/admin` lead to the first page of the navigation; `/admin/zone` chooses the zone of every time."""

from typing import Final

from aiohttp import web

from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import ZONE_COOKIE, ZONES, Frame, navigation_of
from faust_app.web.auth.tokens import START, local_target, sender_of
from faust_app.web.problems import Problem

ZONE: Final = "/admin/zone"
_YEAR_SECONDS: Final = 365 * 24 * 3600


class StartPages:
    """Serves both."""

    def __init__(self, frame: Frame, platform_zone: str) -> None:
        self._frame = frame
        self._platform_zone = platform_zone

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/", self.start)
        router.add_get(START, self.start)
        router.add_get(f"{START}/", self.start)
        router.add_get(ZONE, self.zone_form)
        router.add_post(ZONE, self.choose_zone)

    async def start(self, request: web.Request) -> web.Response:
        """Lead to the first page that the sender may open."""
        pages = navigation_of(request, sender_of(request))
        return see_other(pages[0][1] if pages else ZONE)

    async def zone_form(self, request: web.Request) -> web.Response:
        """Show the zones."""
        refuse_unknown(request, "to")
        to = local_target(request.query.get("to", START))
        chosen = self._frame.zone_of(request).key
        return self._frame.page(
            request, "admin/zone.html", zones=sorted(ZONES | {self._platform_zone}), chosen=chosen, platform=self._platform_zone, to=to
        )

    async def choose_zone(self, request: web.Request) -> web.Response:
        """Keep the zone in the browser; nothing of it is stored here."""
        form = await form_of(request, "zone", "to")
        if form["zone"] not in ZONES and form["zone"] != self._platform_zone:
            raise Problem(400, "the zone must be one of the list", errors=[("zone", "must be one of the list")])
        answer = see_other(local_target(form["to"]))
        answer.set_cookie(ZONE_COOKIE, form["zone"], path=START, max_age=_YEAR_SECONDS, httponly=True, samesite="Strict")
        return answer
