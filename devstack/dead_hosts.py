"""Hosts that give no image, each in its own way: they refuse, nobody knows their name, or nothing that is sent comes back."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_NETWORK: Final = "127.77"
"""Loopback addresses of our own: every host is another one."""
_PENDING: Final = 4
"""Connections that fill the queue of a socket nobody accepts from: the kernel drops what comes after them."""
WAYS: Final = ("refuses", "is not known", "swallows")


@dataclass(frozen=True)
class DeadHosts:
    """Addresses of dead hosts; `allow` is what SOURCE_ALLOW needs to let them be tried."""

    refusing_port: int
    swallowing_port: int
    count: int

    @property
    def hosts(self) -> list[str]:
        """Every host, the ways taking turns, with its port where it has one."""
        return [self._host(number) for number in range(self.count)]

    @property
    def allow(self) -> str:
        """The hosts that have an address, by commas."""
        return ",".join(host for host in self.hosts if not host.endswith(".invalid"))

    def urls(self, host: str, images: int) -> list[str]:
        """Return addresses of images at a host."""
        return [f"http://{host}/{number}.jpg" for number in range(images)]

    def _host(self, number: int) -> str:
        address = f"{_NETWORK}.{number // 250}.{number % 250 + 1}"
        match WAYS[number % len(WAYS)]:
            case "refuses":
                return f"{address}:{self.refusing_port}"
            case "is not known":
                return f"dead-{number}.invalid"
            case _:
                return f"{address}:{self.swallowing_port}"


@contextmanager
def dead_hosts(count: int) -> Iterator[DeadHosts]:
    """Keep so many dead hosts for the duration of the block."""
    with socket.socket() as refusing, socket.socket() as swallowing:
        refusing.bind(("0.0.0.0", 0))  # noqa: S104 - never listens: whoever connects is refused
        swallowing.bind(("0.0.0.0", 0))  # noqa: S104 - loopback addresses of our own
        swallowing.listen(0)
        port = int(swallowing.getsockname()[1])
        pending = [_connecting(port) for _ in range(_PENDING)]
        try:
            yield DeadHosts(int(refusing.getsockname()[1]), port, count)
        finally:
            for each in pending:
                each.close()


def _connecting(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    return connection
