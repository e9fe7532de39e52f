"""Serve the sample pictures: `python -m devstack.image_source --port 21095`."""

from __future__ import annotations

import argparse

from devstack.image_source.elsewhere import Elsewhere
from devstack.image_source.server import create_application
from devstack.ports import Ports
from devstack.serving import serve


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m devstack.image_source", description=__doc__)
    ports = Ports.default()
    parser.add_argument("--port", type=int, default=ports.image_source, help="port of the pictures (%(default)s)")
    parser.add_argument("--untrusted", type=int, default=ports.untrusted_source, help="port with a bad certificate (%(default)s)")
    parser.add_argument("--closed", type=int, default=ports.closed_source, help="port that refuses connections (%(default)s)")
    parser.add_argument(
        "--bind", default="127.0.0.1", help="address to listen on; 0.0.0.0 makes every loopback address a host (%(default)s)"
    )
    arguments = parser.parse_args()
    serve(create_application(Elsewhere(arguments.untrusted, arguments.closed)), host=arguments.bind, port=arguments.port)


if __name__ == "__main__":
    main()
