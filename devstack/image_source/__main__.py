"""Serve the sample pictures: `python -m devstack.image_source --port 21095`."""

from __future__ import annotations

import argparse

import uvloop
from aiohttp import web

from devstack.image_source.elsewhere import Elsewhere
from devstack.image_source.server import create_application
from devstack.ports import Ports


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m devstack.image_source", description=__doc__)
    ports = Ports.default()
    parser.add_argument("--port", type=int, default=ports.image_source, help="port on 127.0.0.1 (%(default)s)")
    parser.add_argument("--untrusted", type=int, default=ports.untrusted_source, help="port with a bad certificate (%(default)s)")
    parser.add_argument("--closed", type=int, default=ports.closed_source, help="port that refuses connections (%(default)s)")
    arguments = parser.parse_args()
    web.run_app(
        create_application(Elsewhere(arguments.untrusted, arguments.closed)),
        host="127.0.0.1",
        port=arguments.port,
        access_log=None,
        print=None,
        shutdown_timeout=1.0,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
