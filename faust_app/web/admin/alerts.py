"""`/admin/alerts`: what is open, the platform's faults first, each with its impact and what to do."""

from typing import Final

from aiohttp import web

from faust_app.core.alerts.advice import advise
from faust_app.flows.ports.alerts import AlertRepository
from faust_app.flows.ports.clock import Clock
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame

PATH: Final = "/admin/alerts"
_LISTED: Final = 100


class AlertsPage:
    """Serves the list."""

    def __init__(self, frame: Frame, alerts: AlertRepository, *, clock: Clock) -> None:
        self._frame = frame
        self._alerts = alerts
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.list)

    async def list(self, request: web.Request) -> web.Response:
        """Show the open alerts."""
        refuse_unknown(request)
        alerts = await self._alerts.open_alerts(_LISTED)
        impact = await self._alerts.impact(alerts, await self._clock.now())
        rows = [(alert, advise(alert), impact.get(alert.fingerprint)) for alert in alerts]
        return self._frame.page(request, "admin/alerts.html", rows=rows, listed=_LISTED)
