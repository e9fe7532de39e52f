"""`/admin/overview`: is anything late, failing or held up, and where to look next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from faust_app.core.alerts.advice import advise
from faust_app.core.causes.cause import status_of
from faust_app.core.monitoring.samples import CURVE, EVERY, Curve, Sample, peaks, sums
from faust_app.core.monitoring.workers import REPORTED_WITHIN
from faust_app.flows.causes.decide import CauseDesk
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.flows.ports.alerts import AlertRepository
from faust_app.flows.ports.monitoring import Samples, WorkerList
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.flows.ports.results import Results
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.pages.lag import MEANING

PATH: Final = "/admin/overview"
_CAUSES: Final = 5
_ALERTS: Final = 10
_RUNS: Final = 5


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
        samples: Samples,
        results: Results,
    ) -> None:
        self._frame = frame
        self._lag = lag
        self._stalled = stalled
        self._alerts = alerts
        self._causes = causes
        self._runs = runs
        self._workers = workers
        self._samples = samples
        self._results = results

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
        samples = await self._samples.since(now - CURVE)
        return self._frame.page(
            request, "admin/overview.html",
            lag=lag, meaning=None if lag is None else MEANING[lag.status], counts=None if stalled is None else stalled.counts,
            held_by=self._lag.held_by(), alerts=[(alert, advise(alert)) for alert in alerts],
            causes=[(cause, status_of(cause, now)) for cause in causes],
            runs=[run for run in await self._runs.newest(None, _RUNS) if run.ended_at is None],
            workers=await self._workers.seen_within(REPORTED_WITHIN.total_seconds()), curves=curves_of(samples, now),
            pictureless=next((each.pictureless for each in reversed(samples) if each.pictureless is not None), None),
            rate=rate_of(samples), results=await self._results.backlog(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """A curve with its title, the unit of its values, and the page that lists what it counts."""

    title: str
    unit: str
    link: str
    tone: str
    curve: Curve


def curves_of(samples: Sequence[Sample], now: datetime) -> list[DrawnCurve]:
    """Return the curves of the last 24 h."""
    return [
        DrawnCurve("Images done", "images in a quarter of an hour", "/admin/timeline", "ok", sums(samples, lambda each: each.done, now)),
        DrawnCurve("Images failed", "images in a quarter of an hour", "/admin/causes", "bad", sums(samples, lambda each: each.failed, now)),
        DrawnCurve("Age of the oldest record", "seconds", "/lag", "warn", peaks(samples, lambda each: each.oldest_seconds, now)),
        DrawnCurve("Need attention", "images", "/stalled", "warn", peaks(samples, lambda each: each.stalled, now)),
    ]


def rate_of(samples: Sequence[Sample]) -> float | None:
    """Return the images a second that ended in the newest sample; None without two."""
    if len(samples) < 2:  # noqa: PLR2004 - a rate needs two moments
        return None
    before, newest = samples[-2:]
    return (newest.done + newest.failed) / max((newest.at - before.at).total_seconds(), EVERY.total_seconds())
