"""Ends a worker that has work and does none of it, so that its process manager starts it again.

Faust's consumers are known to stop without dying: the worker stays in its group and its partitions wait. Nothing is lost by
ending it, for what it holds is not acknowledged and is delivered to another worker.

The looks are taken on the event loop; a thread beside it watches the loop itself. Should no Python code run at all any
more, because an extension never lets go of the interpreter, a timer of the standard library writes the stacks and ends the
process, with exit code 1.
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

from faust_app.core.watchdog import EXIT_CODE, LOOK_SECONDS, Sight, Watch, is_stalled, look
from faust_app.metrics import Metrics
from faust_app.stream.stacks import log_stacks

log = structlog.get_logger()

_LAST_RESORT: Final = 2
"""The timer ends the process after so many times the limit without a beat of the loop."""
_FAREWELL_SECONDS: Final = 30.0
"""What logging and last words may take together: a log that nobody reads and a resolver that hangs block them for ever."""
_STDERR: Final = 2
"""The file itself: Faust puts an object without a file number in the place of `sys.stderr`."""

Sights = Callable[[], Mapping[str, Sight]]
"""Looks at what the worker does, by a name for each of its kinds of work."""


class Watchdog(Service):
    """Ends the process after `limit` seconds in which one kind of work was at hand and none of it was done.

    `last_words` is called before that, in a thread, with what is wrong. Half a minute after the decision the process ends,
    whatever has been told by then.
    """

    def __init__(
        self, sights: Sights, last_words: Callable[[str], None], metrics: Metrics, *, limit: float,
        end: Callable[[int], object] = os._exit, last_resort: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self._sights = sights
        self._last_words = last_words
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
        """Start the thread beside the loop."""
        self._watched = asyncio.get_running_loop()
        threading.Thread(target=self._watch_loop, name="watchdog", daemon=True).start()

    async def on_stop(self) -> None:
        """Let the process be."""
        self._over.set()
        if self._last_resort:
            faulthandler.cancel_dump_traceback_later()

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            self.look(time.monotonic())
            await self.sleep(LOOK_SECONDS)

    def look(self, now: float) -> None:
        """Look at every kind of work, and say that the loop runs."""
        self._beats += 1
        if self._last_resort:
            faulthandler.dump_traceback_later(_LAST_RESORT * self._limit, exit=True, file=_STDERR)
        for name, sight in self._sights().items():
            watch = self._watches[name] = look(self._watches.get(name), sight, now)
            if is_stalled(watch, self._limit) and self._reason is None:
                self._reason = f"{name}: {watch.work}, and nothing was done for {watch.idle:.0f} s"
        self._metrics.watchdog_idle.set(max((watch.idle for watch in self._watches.values()), default=0.0))

    def _watch_loop(self) -> None:
        watch: Watch | None = None
        while not self._over.wait(LOOK_SECONDS):
            watch = look(watch, Sight(self._beats, "the event loop is blocked"), time.monotonic())
            if is_stalled(watch, self._limit) and self._reason is None:
                self._reason = f"{watch.work} for {watch.idle:.0f} s"
            if self._reason is not None:
                self._end_process(self._reason)
                return

    def _end_process(self, reason: str) -> None:
        """Tell everything there is to tell, then end at once: an orderly stop would wait for what does not get on."""
        bound = threading.Timer(_FAREWELL_SECONDS, self._end, (EXIT_CODE,))
        bound.daemon = True
        bound.start()
        log.error("worker stalled: it ends itself to be started again", reason=reason, exit_code=EXIT_CODE)
        try:
            if self._watched is not None:
                log_stacks(self._watched)
            self._last_words(reason)
        except Exception:
            log.exception("last words failed unexpectedly")
        finally:
            logging.shutdown()
            bound.cancel()
            self._end(EXIT_CODE)
