"""An address that takes no connection: what the kernel does for a host that drops packets, within one machine."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_WAITING = 4
"""More than a queue of no connections lets wait."""


@contextmanager
def full_listener() -> Iterator[tuple[str, int]]:
    """Listen on a port of this machine whose queue of connections is full, and yield its address."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(_WAITING):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()
