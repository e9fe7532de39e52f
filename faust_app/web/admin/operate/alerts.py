"""`/admin/alerts`: what is open, the platform's faults first, each with its impact, what to do, and who works on it."""

from typing import Final
from urllib.parse import quote, unquote

from aiohttp import web

from faust_app.core.alerts.advice import advise
from faust_app.core.alerts.alert import Alert, fault_kind
from faust_app.core.alerts.recovery import BACK, span_text
from faust_app.flows.alerts.desk import AlertDesk
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/alerts"
_LISTED: Final = 100


class AlertsPage:
    """Serves the list, and takes alerts."""

    def __init__(self, frame: Frame, desk: AlertDesk) -> None:
        self._frame = frame
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.list)
        router.add_post(PATH + "/{fingerprint:[^/]+}/take", self.take)
        router.add_post(PATH + "/{fingerprint:[^/]+}/release", self.release)

    async def list(self, request: web.Request) -> web.Response:
        """Show the open alerts."""
        refuse_unknown(request)
        rows = [(each, advise(each.alert), address_of(each.alert)) for each in await self._desk.open(_LISTED)]
        recovering = [
            (recovery, backlog, BACK[kind], span_text(left) if (left := backlog.time_left) is not None else None)
            for recovery, backlog in await self._desk.recovering()
            if (kind := fault_kind(recovery.alert)) is not None and kind in BACK
        ]
        return self._frame.page(request, "admin/alerts.html", rows=rows, listed=_LISTED, recovering=recovering)

    async def take(self, request: web.Request) -> web.Response:
        """Write that the sender works on an alert."""
        await form_of(request)
        if not await self._desk.take(unquote(request.match_info["fingerprint"]), actor_of(request)):
            raise Problem(404, "this alert is not open any more; the page of alerts lists those that are")
        return see_other(PATH)

    async def release(self, request: web.Request) -> web.Response:
        """Write that nobody works on an alert."""
        await form_of(request)
        if not await self._desk.release(unquote(request.match_info["fingerprint"]), actor_of(request)):
            raise Problem(404, "this alert is not open any more, or nobody works on it; the page of alerts lists those that are open")
        return see_other(PATH)


def address_of(alert: Alert) -> str:
    """Return the path below which an alert is taken and released."""
    return f"{PATH}/{quote(alert.fingerprint, safe='@')}"
