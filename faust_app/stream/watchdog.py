"""Ends a worker that has work but makes no progress, so that its process manager restarts it.

Faust's consumers are known to stop without dying: the worker stays in its group and its partitions stall. Ending it loses
nothing, because what it holds is unacknowledged and is redelivered to another worker.

Progress is sampled on the event loop, and a thread watches the loop itself. If no Python code runs at all, because an
extension never releases the GIL, a timer of `faulthandler` writes the stacks and ends the process with exit code 1.
"""

import asyncio
import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from mode import Service

from faust_app.core.monitoring.watchdog import EXIT_CODE, SAMPLE_SECONDS, ProgressSample, Watch, made_no_progress, observe
from faust_app.metrics import Metrics
from faust_app.stream.stack_dump import log_stacks

log = structlog.get_logger()

_LAST_RESORT: Final = 2
"""Multiple of the limit after which the timer ends the process if the loop takes no sample."""
_FAREWELL_SECONDS: Final = 30.0
"""Bound on logging and the final alert together: a log that nobody reads or a resolver that hangs would block them forever."""
_STDERR: Final = 2
"""The file descriptor itself: Faust replaces `sys.stderr` by an object without one."""

TakeSamples = Callable[[], Mapping[str, ProgressSample]]
"""Samples the worker's progress, by kind of work."""


class Watchdog(Service):
    """Ends the process after `limit` seconds in which one kind of work was at hand and made no progress.

    `final_alert` is called first, in a thread, with the reason. The process ends half a minute after the decision at the
    latest, whether or not the alert is out.
    """

    def __init__(
        self, take_samples: TakeSamples, final_alert: Callable[[str], None], metrics: Metrics, *, limit: float,
        end: Callable[[int], object] = os._exit, last_resort: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self._take_samples = take_samples
        self._final_alert = final_alert
        self._metrics = metrics
        self._limit = limit
        self._end = end
        self._last_resort = last_resort
        self._watches: dict[str, Watch] = {}
        self._beats = 0
        self._reason: str | None = None
        self._over = threading.Event()
        self._watched: asyncio.AbstractEventLoop | None = None

    async def on_start(self) -> None:
        """Start the thread that watches the loop."""
        self._watched = asyncio.get_running_loop()
        threading.Thread(target=self._watch_loop, name="watchdog", daemon=True).start()

    async def on_stop(self) -> None:
        """Stop watching."""
        self._over.set()
        if self._last_resort:
            faulthandler.cancel_dump_traceback_later()

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            self.sample(time.monotonic())
            await self.sleep(SAMPLE_SECONDS)

    def sample(self, now: float) -> None:
        """Sample every kind of work, which also shows that the loop runs."""
        self._beats += 1
        if self._last_resort:
            faulthandler.dump_traceback_later(_LAST_RESORT * self._limit, exit=True, file=_STDERR)
        for name, sample in self._take_samples().items():
            watch = self._watches[name] = observe(self._watches.get(name), sample, now)
            if made_no_progress(watch, self._limit) and self._reason is None:
                self._reason = f"{name}: {watch.work}, no progress for {watch.idle:.0f} s"
        self._metrics.watchdog_idle.set(max((watch.idle for watch in self._watches.values()), default=0.0))

    def _watch_loop(self) -> None:
        watch: Watch | None = None
        while not self._over.wait(SAMPLE_SECONDS):
            watch = observe(watch, ProgressSample(self._beats, "the event loop is blocked"), time.monotonic())
            if made_no_progress(watch, self._limit) and self._reason is None:
                self._reason = f"{watch.work} for {watch.idle:.0f} s"
            if self._reason is not None:
                self._end_process(self._reason)
                return

    def _end_process(self, reason: str) -> None:
        """Log the stacks, send the final alert and exit at once: an orderly stop would wait for what is stuck."""
        bound = threading.Timer(_FAREWELL_SECONDS, self._end, (EXIT_CODE,))
        bound.daemon = True
        bound.start()
        log.error("worker stalled; it exits to be restarted", reason=reason, exit_code=EXIT_CODE)
        try:
            if self._watched is not None:
                log_stacks(self._watched)
            self._final_alert(reason)
        except Exception:
            log.exception("final alert failed unexpectedly")
        finally:
            logging.shutdown()
            bound.cancel()
            self._end(EXIT_CODE)
