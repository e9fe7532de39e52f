"""Starts a process, or ends it with one line that says what to fix, never with a traceback."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

import faust
import structlog
from faust.cli.worker import worker as worker_command

from faust_app.core.failure import Dependency, Misconfigured, Unavailable
from faust_app.core.statistics.unavailable import CacheMisconfigured
from faust_app.settings import Listening, Settings, SettingsError, load_settings
from faust_app.web.auth.token_book import TokensError

T = TypeVar("T")

log = structlog.get_logger()

SETTING_OF: Final = {
    Dependency.DATABASE: "DATABASE_URL",
    Dependency.KAFKA: "KAFKA_URL",
    Dependency.STORAGE: "S3_ENDPOINT_URL and S3_BUCKET",
    Dependency.EGRESS: "the network",
}


def sentence_of(fault: Misconfigured | CacheMisconfigured) -> str:
    """Return what a service refuses, as a sentence."""
    return fault.detail if isinstance(fault, Misconfigured) else str(fault)


def without_banner() -> None:
    """Start without the table that Faust prints, which no reader of a log understands. Faust has an option for it, but no setting."""
    worker_command.on_worker_created = lambda *_: None  # type: ignore[method-assign]


def build_or_exit(build: Callable[[Settings], T]) -> T:
    """Build an app from the environment; wrong settings or tokens end the process with exit code 2 and one line each."""
    try:
        return build(load_settings())
    except (SettingsError, TokensError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging is not yet configured
        raise SystemExit(2) from error


async def open_or_exit(app: faust.App, context: AbstractAsyncContextManager[T]) -> T:
    """Open the app's resources for as long as it runs.

    A dependency that refuses our settings ends the process with exit code 2, an unavailable one with 1.
    """
    try:
        return await app.add_async_context(context)  # type: ignore[no-any-return]
    except (Misconfigured, CacheMisconfigured) as fault:
        log.error("cannot start", reason=sentence_of(fault), check=fault.setting)  # noqa: TRY400 - one line, no traceback
        raise SystemExit(2) from fault
    except Unavailable as failure:
        log.error("cannot start", reason=str(failure), check=SETTING_OF[failure.dependency])  # noqa: TRY400 - one line, no traceback
        raise SystemExit(1) from failure


def claim_port_or_exit(app: faust.App, setting: str) -> None:
    """End the process with exit code 1 if the address of the app's web server cannot be bound, or is no address."""
    host, port = str(app.conf.web_bind), int(app.conf.web_port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: connections in TIME_WAIT do not count
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as asyncio does
            probe.bind(address)
    except OSError as error:
        reason = f"{Listening(host, port).place} cannot be bound: {error.strerror}"
        log.error("cannot start", reason=reason, check=f"{setting} and WEB_BIND, or --web-port")  # noqa: TRY400 - as above
        raise SystemExit(1) from error


STOP_SECONDS: Final = 15.0
"""Seconds that a process has to stop. Its own part takes ten at most; Faust waits a minute for a consumer whose Kafka is gone."""


def end_in_time(app: faust.App) -> None:
    """End the process, which is about to stop, if it still runs after STOP_SECONDS; only where it is Faust's worker that stops.

    That loses nothing more than a kill does: what was not acknowledged is delivered to another worker.
    """
    root = app.beacon.root
    if root is not None and isinstance(root.data, faust.Worker):
        timer = threading.Timer(STOP_SECONDS, _end)
        timer.daemon = True
        timer.start()


def _end() -> None:
    log.error("did not stop in time; ends now", seconds=STOP_SECONDS)
    os._exit(1)
