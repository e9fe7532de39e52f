"""How long one piece of work takes."""

import time
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def timed(work: Awaitable[T]) -> tuple[T, float]:
    """Return what the work returns, and the seconds until it did."""
    begun = time.monotonic()
    found = await work
    return found, time.monotonic() - begun
