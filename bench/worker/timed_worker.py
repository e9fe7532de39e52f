"""A worker that times its own metrics: `faust -A bench.worker.timed_worker worker`; GET /metric-cost answers what they have cost so far."""

import time
from collections.abc import Callable
from functools import wraps
from statistics import median
from typing import Any, Final, ParamSpec, TypeVar

from aiohttp import web
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.context_managers import Timer
from prometheus_client.metrics import MetricWrapperBase

from faust_app.web.server import router_of
from faust_app.wiring.startup import build_or_exit
from faust_app.worker_app import WorkerApp

P = ParamSpec("P")
R = TypeVar("R")

# Of the thread, so that a call during which the machine does something else is not taken for a slow one.
_clock: Final = time.thread_time_ns
_BATCHES: Final = 9
_BATCH: Final = 1_000


class CallMeter:
    """Counts and times the calls of what it wraps, in nanoseconds of the thread's CPU."""

    def __init__(self) -> None:
        self.calls = 0
        self.nanoseconds = 0

    def timed(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with its calls timed. None of those wrapped may call another: it would count twice."""

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            begun = _clock()
            try:
                return function(*args, **kwargs)
            finally:
                self.nanoseconds += _clock() - begun
                self.calls += 1

        return call


def timer_cost() -> tuple[float, float]:
    """Return what timing one call costs now, in nanoseconds: the part that is counted as the call's, and all of it.

    A function that does nothing is called bare and timed, in batches; what a bare call takes is no cost of the timer. Between the work of
    images the timer costs more than here, with all of it in the processor's cache: what is left over counts as the metrics'.
    """
    counted, whole = [], []
    for _ in range(_BATCHES):
        meter = CallMeter()
        timed = meter.timed(_nothing)
        bare_ns, timed_ns = _batch(_nothing), _batch(timed)
        counted.append((meter.nanoseconds - bare_ns) / _BATCH)
        whole.append((timed_ns - bare_ns) / _BATCH)
    return median(counted), median(whole)


def _batch(function: Callable[[float], None]) -> int:
    begun = _clock()
    for _ in range(_BATCH):
        function(1.0)
    return _clock() - begun


def _nothing(_amount: float) -> None:
    pass


def time_metrics(meter: CallMeter) -> None:
    """Time every call that code makes of a metric, in this process, from now on."""
    verbs: dict[type, tuple[str, ...]] = {
        MetricWrapperBase: ("labels",),
        Counter: ("inc",),
        Gauge: ("inc", "dec", "set"),
        Histogram: ("observe", "time"),
    }
    observe = Histogram.observe

    class TimedTimer(Timer):
        """A timer whose enter and exit are timed; its exit observes by the way that is not, as it is part of the exit."""

        __enter__ = meter.timed(Timer.__enter__)
        __exit__ = meter.timed(Timer.__exit__)

    def time_of(histogram: Any) -> TimedTimer:
        return TimedTimer(histogram, "observe_untimed")  # type: ignore[no-untyped-call]

    setattr(Histogram, "observe_untimed", observe)  # noqa: B010 - no attribute that its type knows
    setattr(Histogram, "time", time_of)  # noqa: B010 - its type is another
    for kind, names in verbs.items():
        for name in names:
            setattr(kind, name, meter.timed(getattr(kind, name)))


class TimedWorkerApp(WorkerApp):
    """The worker, with one page more."""

    meter: CallMeter

    def _register_pages(self) -> None:
        super()._register_pages()
        router_of(self).add_get("/metric-cost", self._cost)

    async def _cost(self, _request: web.Request) -> web.Response:
        counted, whole = timer_cost()
        found = {"calls": self.meter.calls, "ns": self.meter.nanoseconds, "timer_ns": counted, "whole_timer_ns": whole}
        return web.json_response(found)


def __getattr__(name: str) -> WorkerApp:
    """Build the app when Faust asks for it, and once."""
    if name == "app":
        TimedWorkerApp.meter = CallMeter()
        time_metrics(TimedWorkerApp.meter)
        globals()["app"] = built = build_or_exit(TimedWorkerApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
