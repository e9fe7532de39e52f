"""A worker that dies at a named point: `faust -A tests.proofs.crash.crash_app worker`, the point and the image in its environment.

Without a point it is a worker like any other. Kafka takes its partitions away two seconds after its death. It acknowledges
early what runs for half a second where that is the point; elsewhere never, or on a busy machine another act would come first.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, Final

from faust_app import worker_app
from faust_app.settings import Settings
from faust_app.stream import dispatcher
from faust_app.wiring.faust_settings import faust_settings
from faust_app.wiring.startup import build_or_exit
from faust_app.worker_app import WorkerApp
from tests.proofs.crash.points import CrashPoint, Trap, lay

POINT: Final = "CRASH_POINT"
IMAGE: Final = "CRASH_IMAGE"
"""Environment: shop number and image id, with a slash between them."""
CODE: Final = 77
"""How a worker exits that died at its point."""
EARLY_ACKS: Final = {CrashPoint.BEFORE_EARLY_ACK, CrashPoint.AFTER_EARLY_ACK}
SESSION_SECONDS: Final = 2.0
LONG_SECONDS: Final = 0.5
COMMIT_SECONDS: Final = 0.1
"""Between two commits of what was acknowledged: too early an acknowledgement is not saved by the death that follows it."""


class CrashApp(WorkerApp):
    """The worker with its trap."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.model_copy(update={"session_timeout": SESSION_SECONDS}))

    async def on_start(self) -> None:
        """Lay the trap as soon as there is something to lay it around."""
        await super().on_start()
        point, image = os.environ.get(POINT), os.environ.get(IMAGE, "")
        if point:
            shop_no, _, image_id = image.partition("/")
            trap = Trap(CrashPoint(point), int(shop_no), image_id, lambda: os._exit(CODE), pause=3 * COMMIT_SECONDS)
            lay(trap, self.parts, self.worker_parts)
            if trap.point in {CrashPoint.BEFORE_DRAIN, CrashPoint.AFTER_DRAIN}:
                self._stop_during_fetch(image_id)

    def _stop_during_fetch(self, image_id: str) -> None:
        """Stop the worker while it fetches the image, so that it drains a running event."""
        fetcher: Any = self.worker_parts.fetcher
        fetch: Callable[..., Any] = fetcher.fetch

        async def trapped(url: str, validators: Any) -> Any:
            if image_id in url:
                os.kill(os.getpid(), signal.SIGTERM)
            return await fetch(url, validators)

        fetcher.fetch = trapped


def _settings(settings: Settings, *, web_port: int) -> dict[str, Any]:
    return {**faust_settings(settings, web_port=web_port), "broker_commit_interval": COMMIT_SECONDS}


def __getattr__(name: str) -> CrashApp:
    """Build the app when Faust asks for it, and once."""
    if name == "app":
        if os.environ.get(POINT) in EARLY_ACKS:
            dispatcher.LONG_SECONDS = LONG_SECONDS  # type: ignore[misc]
        elif POINT in os.environ:
            dispatcher.LONG_SECONDS = 3600.0  # type: ignore[misc]
        worker_app.DISPATCHER_SECONDS = LONG_SECONDS / 2
        worker_app.faust_settings = _settings  # type: ignore[attr-defined]
        globals()["app"] = built = build_or_exit(CrashApp)
        return built
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
