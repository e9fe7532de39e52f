"""Pages every process has, as Faust views: is it alive, can it do its work, and its metrics."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from faust.web import Request, Response, View
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from faust_app.metrics import Metrics

Readiness = Callable[[], Awaitable[list[str]]]
"""Returns why the process cannot do its work; nothing when it can."""


def register_health(
    app: faust.App, metrics: Callable[[], Metrics], readiness: Readiness, degraded: Callable[[], Sequence[str]] = tuple
) -> None:
    """Register /health, /ready and /metrics on the app's web server.

    `degraded` returns what holds up others while this process can do its own work: it is told and changes no status.
    """

    @app.page("/health")
    async def health(view: View, _request: Request) -> Response:
        """Answer as long as the process runs its event loop; a process manager may kill what does not."""
        return view.json({"status": "alive"})

    @app.page("/ready")
    async def ready(view: View, _request: Request) -> Response:
        """Answer 200, or 503 with the reasons; not ready is no cause to kill."""
        reasons = await readiness()
        answer = {"ready": not reasons, "reasons": reasons, "degraded": list(degraded())}
        return view.json(answer, status=503 if reasons else 200)

    @app.page("/metrics")
    async def prometheus(view: View, _request: Request) -> Response:
        """Answer in Prometheus' text format."""
        body: Any = generate_latest(metrics().registry)
        return view.bytes(body, content_type=CONTENT_TYPE_LATEST.partition(";")[0])
