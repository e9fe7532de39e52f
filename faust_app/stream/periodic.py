"""Runs periodic tasks, whose failures are logged and never end the worker."""

import time
from collections.abc import Awaitable, Callable

import structlog
from mode import Service

from faust_app.core.failure import Unavailable
from faust_app.metrics import Metrics

log = structlog.get_logger()


class Periodic(Service):
    """Runs `body` every `interval` seconds, counted from start to start, never two at once.

    Not a timer of Faust: an exception in one crashes the whole worker.
    """

    def __init__(self, name: str, interval: float, body: Callable[[], Awaitable[object]], metrics: Metrics) -> None:
        super().__init__()
        self._name = name
        self._interval = interval
        self._body = body
        self._succeeded = metrics.task_succeeded.labels(name)
        self._unavailable = metrics.task_failures.labels(name, "unavailable")
        self._failed = metrics.task_failures.labels(name, "error")
        self._was_unavailable = False

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            started = time.monotonic()
            await self._once()
            await self.sleep(max(0.0, self._interval - (time.monotonic() - started)))

    async def _once(self) -> None:
        try:
            await self._body()
        except Unavailable as failure:
            self._unavailable.inc()
            if not self._was_unavailable:
                log.warning("periodic task waits for a dependency", task=self._name, reason=str(failure))
            self._was_unavailable = True
        except Exception:
            self._failed.inc()
            log.exception("periodic task failed unexpectedly", task=self._name)
        else:
            self._succeeded.set_to_current_time()
            if self._was_unavailable:
                log.info("periodic task resumed", task=self._name)
            self._was_unavailable = False


class Background(Service):
    """Runs one coroutine for the life of the process; an error that leaves it ends the process."""

    def __init__(self, run: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._run_body = run

    @Service.task
    async def _run(self) -> None:
        await self._run_body()
