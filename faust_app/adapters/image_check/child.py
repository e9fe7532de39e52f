"""The child process that checks images: reads one from its standard input, a socket, answers, and reads the next.

It holds no secret, obeys its limits, and ends when its parent does: then the socket ends. What kills it, kills it alone.
Run as `python -m faust_app.adapters.image_check.child MEMORY CPU`: bytes of address space, seconds of CPU an image.
"""

import json
import math
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from faust_app.core.failure import Permanent
from faust_app.core.sources.content import ImageFacts

READY: Final = b"!"
"""Sent once, when the first image may come."""
REQUEST: Final = struct.Struct("!BI")
"""Level (0 structure, 1 decode) and length of the content that follows."""
ANSWER: Final = struct.Struct("!H")
"""Length of the JSON that follows: [content type, extension, width, height], or [code, detail]."""

Check = Callable[[bytes], ImageFacts]


def serve(checks: tuple[Check, Check], memory: int, cpu: int) -> None:
    """Answer until the parent is gone. `checks` are those of level structure and level decode."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to the whole group when the worker stops, which still needs us
    with suppress(OSError):  # where the kernel lets us: when memory ends, it is to take a child and not the worker
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with socket.socket(fileno=os.dup(0)) as parent:
        parent.sendall(READY)
        while (request := _received(parent, REQUEST.size)) is not None:
            level, length = REQUEST.unpack(request)
            content = _received(parent, length)
            if content is None:
                return
            _limit_cpu(cpu)
            answer = json.dumps(_answer(checks[level], content)).encode()
            parent.sendall(ANSWER.pack(len(answer)) + answer)


def _answer(check: Check, content: bytes) -> list[str | int]:
    """Return the answer's JSON. A MemoryError ends the process: what it left behind is not to be trusted."""
    try:
        facts = check(content)
    except Permanent as failure:
        return [failure.code.value, failure.detail]
    return [facts.content_type, facts.extension, facts.width, facts.height]


def _limit_cpu(seconds: int) -> None:
    """Have the kernel end this process when the next image takes more CPU than that."""
    soft = math.ceil(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _received(parent: socket.socket, length: int) -> bytes | None:
    """Read exactly so many bytes, as a rule with one call and without a copy; None when the parent is gone."""
    content = b""
    while len(content) < length:  # a process that is stopped and continued comes back with fewer
        try:
            piece = parent.recv(length - len(content), socket.MSG_WAITALL)
        except ConnectionError:
            return None
        if not piece:
            return None
        content += piece
    return content


def main() -> None:
    """Serve with the product's own checks."""
    from faust_app.adapters.image_check.check import check_decoded, check_structure  # noqa: PLC0415 - a test's child loads no Pillow

    serve((check_structure, check_decoded), int(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    main()
