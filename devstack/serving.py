"""Serves a web application of the development stack until it is told to stop."""

from __future__ import annotations

import uvloop
from aiohttp import web


def serve(application: web.Application, *, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C, without a line for each request."""
    web.run_app(
        application,
        host=host,
        port=port,
        access_log=None,
        print=None,
        shutdown_timeout=1.0,
        loop=uvloop.new_event_loop(),
    )
