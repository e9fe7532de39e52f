"""Wait for a condition, with a limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.02


def wait_until(condition: Callable[[], bool], limit: float, pause: float = PAUSE) -> bool:
    """Poll `condition` every `pause` seconds; return True once it holds, False after `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True
