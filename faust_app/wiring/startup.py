"""Starts a process, or ends it with one line that says what to fix, never with a traceback."""

import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

import faust
import structlog

from faust_app.core.failure import Dependency, Unavailable
from faust_app.settings import Settings, SettingsError, load_settings
from faust_app.web.auth.tokens import TokensError

T = TypeVar("T")

log = structlog.get_logger()

SETTING_OF: Final = {
    Dependency.DATABASE: "DATABASE_URL",
    Dependency.KAFKA: "KAFKA_URL",
    Dependency.STORAGE: "S3_ENDPOINT_URL and S3_BUCKET",
    Dependency.EGRESS: "the network",
}


def build_or_exit(build: Callable[[Settings], T]) -> T:
    """Build an app from the environment; wrong settings or tokens end the process with exit code 2 and one line each."""
    try:
        return build(load_settings())
    except (SettingsError, TokensError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging is not yet configured
        raise SystemExit(2) from error


async def open_or_exit(app: faust.App, context: AbstractAsyncContextManager[T]) -> T:
    """Open the app's resources for as long as it runs; an unavailable dependency ends the process with exit code 1."""
    try:
        return await app.add_async_context(context)  # type: ignore[no-any-return]
    except Unavailable as failure:
        log.error("cannot start", reason=str(failure), check=SETTING_OF[failure.dependency])  # noqa: TRY400 - one line, no traceback
        raise SystemExit(1) from failure


def claim_port_or_exit(app: faust.App, setting: str) -> None:
    """End the process with exit code 1 if the address of the app's web server is already in use."""
    address = (str(app.conf.web_bind), int(app.conf.web_port))
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: connections in TIME_WAIT do not count
        try:
            probe.bind(address)
        except OSError as error:
            reason = f"{address[0]}:{address[1]} cannot be bound: {error.strerror}"
            log.error("cannot start", reason=reason, check=f"{setting}, or --web-port")  # noqa: TRY400 - as above
            raise SystemExit(1) from error
