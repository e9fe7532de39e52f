"""`/admin/overview`: is anything late, failing or held up, and where to look next."""

from typing import Final

from aiohttp import web

from faust_app.core.alerts.advice import advise
from faust_app.core.causes.cause import status_of
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.flows.ports.alerts import AlertRepository
from faust_app.flows.ports.monitoring import WorkerList
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.pages.lag import MEANING

PATH: Final = "/admin/overview"
_CAUSES: Final = 5
_ALERTS: Final = 10
_RUNS: Final = 5
_WORKER_SECONDS: Final = 600.0
"""A worker that has not reported for ten minutes is no longer listed."""


class OverviewPage:
    """Serves the page from the last samples of this process, and from the database."""

    def __init__(
        self,
        frame: Frame,
        lag: WatchLag,
        stalled: WatchStalled,
        *,
        alerts: AlertRepository,
        causes: CauseDesk,
        runs: RepublishRuns,
        workers: WorkerList,
    ) -> None:
        self._frame = frame
        self._lag = lag
        self._stalled = stalled
        self._alerts = alerts
        self._causes = causes
        self._runs = runs
        self._workers = workers

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.get)

    async def get(self, request: web.Request) -> web.Response:
        """Show how things are."""
        refuse_unknown(request)
        lag, stalled = self._lag.report, self._stalled.report
        now = await self._causes.now()
        alerts = await self._alerts.open_alerts(_ALERTS)
        causes = await self._causes.page(None, _CAUSES)
        return self._frame.page(
            request, "admin/overview.html",
            lag=lag, meaning=None if lag is None else MEANING[lag.status], counts=None if stalled is None else stalled.counts,
            held_by=self._lag.held_by(), alerts=[(alert, advise(alert)) for alert in alerts],
            causes=[(cause, status_of(cause, now)) for cause in causes],
            runs=[run for run in await self._runs.newest(None, _RUNS) if run.ended_at is None],
            workers=await self._workers.seen_within(_WORKER_SECONDS),
        )  # fmt: skip
