"""`/health`, `/ready` and `/metrics` of every process: is it alive, can it work, and its metrics."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from faust_app.metrics import Metrics
from faust_app.web.contract.answers.monitoring import HealthAnswer, ReadyAnswer
from faust_app.web.contract.operation import Answered, Operation, described

Readiness = Callable[[], Awaitable[list[str]]]
"""Returns why the process cannot do its work; nothing when it can."""


class HealthPages:
    """Serves the pages for process managers and Prometheus.

    `degraded` returns what holds up other processes while this one can do its own work: it is shown and changes no status.
    """

    def __init__(self, metrics: Metrics, readiness: Readiness, degraded: Callable[[], Sequence[str]] = tuple) -> None:
        self._metrics = metrics
        self._readiness = readiness
        self._degraded = degraded

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/health", self.health)
        router.add_get("/ready", self.ready)
        router.add_get("/metrics", self.metrics)

    @described(Operation({200: Answered("It runs.", HealthAnswer)}))
    async def health(self, _request: web.Request) -> web.Response:
        """Answer as long as the event loop runs; a process manager may kill a process that does not."""
        return web.json_response({"status": "alive"})

    @described(Operation({200: Answered("It can work.", ReadyAnswer), 503: Answered("It cannot.", ReadyAnswer)}))
    async def ready(self, _request: web.Request) -> web.Response:
        """Answer 200, or 503 with the reasons; a process that is not ready need not be killed."""
        reasons = await self._readiness()
        body = {"ready": not reasons, "reasons": reasons, "degraded": list(self._degraded())}
        return web.json_response(body, status=503 if reasons else 200)

    @described(Operation({200: Answered("Metrics.", content_type="text/plain")}))
    async def metrics(self, _request: web.Request) -> web.Response:
        """Answer in Prometheus' text format."""
        return web.Response(body=generate_latest(self._metrics.registry), content_type=CONTENT_TYPE_LATEST.partition(";")[0])
