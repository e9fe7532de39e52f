"""A child of the check whose images say what becomes of it."""

import os
import signal
import sys
import time
from pathlib import Path

from faust_app.adapters.image_check.child import ANSWER, serve
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts

GIGABYTE = 1024**3


def check(content: bytes) -> ImageFacts:  # noqa: C901, PLR0912 - one line for each way to go wrong
    """Do what the bytes say: `die-once FILE` dies unless the file is there."""
    match content.split(b" ", 1):
        case [b"die"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        case [b"die-once", path]:
            marker = Path(os.fsdecode(path))
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case [b"memory"]:
            bytearray(2 * GIGABYTE)
        case [b"cpu"]:
            while True:
                pass
        case [b"hang"]:
            time.sleep(3600)
        case [b"slow"]:
            time.sleep(0.3)
        case [b"lie"]:
            os.write(0, b"\xff\xffnonsense")
        case [b"twice"]:
            answer = b'["image/jpeg", "jpg", 1, 1]'
            os.write(0, (ANSWER.pack(len(answer)) + answer) * 2)
        case [b"flood"]:
            os.write(0, ANSWER.pack(1) + b"0" * 100_000)
        case [b"made-up-code"]:
            raise Permanent(FailureCode.TRUNCATED, "detail " * 10)
        case [b"secrets"]:
            return ImageFacts(" ".join(sorted(os.environ)), "jpg", 1, 1)
        case _:
            pass
    return ImageFacts("image/jpeg", "jpg", os.getpid(), len(content))


if __name__ == "__main__":
    serve((check, check), int(sys.argv[1]), int(sys.argv[2]))
