"""A worker that times its garbage collector: `faust -A bench.profile.worker worker`; GET /collector-cost answers its nanoseconds so far.

A sampler of Python's stacks cannot see the collector, whose time counts as that of whatever it interrupts.
"""

import gc
import time
from typing import Any

from aiohttp import web

from faust_app.web.server import router_of
from faust_app.wiring.startup import build_or_exit
from faust_app.worker_app import WorkerApp


class CollectorMeter:
    """Sums the thread's CPU within the garbage collector, in nanoseconds."""

    def __init__(self) -> None:
        self.nanoseconds = 0
        self.collections = 0
        self._begun = 0

    def __call__(self, phase: str, _info: dict[str, Any]) -> None:
        """Time a collection from its start to its stop, as `gc.callbacks` calls it."""
        if phase == "start":
            self._begun = time.thread_time_ns()
        else:
            self.nanoseconds += time.thread_time_ns() - self._begun
            self.collections += 1


class MeteredWorkerApp(WorkerApp):
    """The worker, with one page more."""

    meter: CollectorMeter

    def _register_pages(self) -> None:
        super()._register_pages()
        router_of(self).add_get("/collector-cost", self._cost)

    async def _cost(self, _request: web.Request) -> web.Response:
        return web.json_response({"ns": self.meter.nanoseconds, "collections": self.meter.collections})


def __getattr__(name: str) -> WorkerApp:
    """Build the app when Faust asks for it, and once."""
    if name == "app":
        MeteredWorkerApp.meter = CollectorMeter()
        gc.callbacks.append(MeteredWorkerApp.meter)
        globals()["app"] = built = build_or_exit(MeteredWorkerApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
