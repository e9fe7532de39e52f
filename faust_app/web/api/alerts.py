"""Open alerts over HTTP: what is open, and who works on it."""

from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from faust_app.core.alerts.advice import advise
from faust_app.core.alerts.recovery import Backlog, Recovery
from faust_app.flows.alerts.desk import AlertDesk, OpenAlert
from faust_app.web.api.images import time_text
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.answers.alerts import AlertList
from faust_app.web.contract.bodies import no_body, query_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem

_LISTED: Final = 1000


class AlertHandlers:
    """Handlers of alerts. An alert is named by its fingerprint, percent-encoded in the path."""

    def __init__(self, desk: AlertDesk) -> None:
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        alert = "/v1/alerts/{fingerprint:[^/]+}"
        router.add_get("/v1/alerts", self.list)
        router.add_post(f"{alert}/take", self.take)
        router.add_post(f"{alert}/release", self.release)

    @described(Operation({200: Answered("The open alerts.", AlertList)}))
    async def list(self, request: web.Request) -> web.Response:
        """Return the open alerts, at most a thousand, platform alerts first, then by occurrences; and what faults left to do."""
        query_of(request)
        alerts = [alert_json(each) for each in await self._desk.open(_LISTED)]
        recovering = [recovering_json(recovery, backlog) for recovery, backlog in await self._desk.recovering()]
        return web.json_response({"alerts": alerts, "recovering": recovering})

    @described(Operation({204: Answered("The sender works on it.")}))
    async def take(self, request: web.Request) -> web.Response:
        """Write that the sender works on the alert: until it is released or over, only its end is told."""
        await no_body(request)
        if not await self._desk.take(unquote(request.match_info["fingerprint"]), actor_of(request)):
            raise Problem(404, "this alert is not open; GET /v1/alerts lists those that are")
        return web.Response(status=204)

    @described(Operation({204: Answered("Nobody works on it.")}))
    async def release(self, request: web.Request) -> web.Response:
        """Write that nobody works on the alert any more."""
        await no_body(request)
        if not await self._desk.release(unquote(request.match_info["fingerprint"]), actor_of(request)):
            raise Problem(404, "this alert is not open, or nobody works on it; GET /v1/alerts lists those that are open")
        return web.Response(status=204)


def alert_json(each: OpenAlert) -> dict[str, Any]:
    """Return an open alert as a JSON object; times in UTC."""
    alert, impact = each.alert, each.impact
    return {
        "fingerprint": alert.fingerprint,
        "code": alert.code,
        "host": alert.host,
        "severity": alert.severity.value,
        "urgency": each.urgency.value,
        "what": advise(alert).what,
        "detail": alert.detail,
        "since": time_text(alert.opened_at),
        "last_at": time_text(alert.last_at),
        "ended_at": time_text(alert.ended_at),
        "count": alert.occurrences,
        "shops": impact.shops,
        "waiting": impact.waiting,
        "workers": list(impact.workers),
        "reported_at": time_text(alert.reported_at),
        "woken_at": time_text(alert.woken_at),
        "taken_by": alert.taken_by,
        "taken_at": time_text(alert.taken_at),
    }


def recovering_json(recovery: Recovery, backlog: Backlog) -> dict[str, Any]:
    """Return a fault that is over, and what it left to do, as a JSON object; times in UTC, `time_left_s` null where unknown."""
    time_left = backlog.time_left
    return {
        "fingerprint": recovery.alert.fingerprint,
        "since": time_text(recovery.alert.opened_at),
        "ended_at": time_text(recovery.ended_at),
        "delayed": backlog.delayed,
        "left": backlog.left,
        "images_per_second": None if backlog.rate is None else round(backlog.rate, 2),
        "time_left_s": None if time_left is None else round(time_left.total_seconds()),
    }
