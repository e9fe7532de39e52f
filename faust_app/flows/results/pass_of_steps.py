"""Runs passes of many short steps, for a task that has to react within a second: its lease is requested once for each pass."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PASS_SECONDS: Final = 5.0
"""Well below the lease's time between renewals, and rare enough that its statements do not count."""
IDLE_SECONDS: Final = 0.2
"""Seconds between two reads of an empty table; a result passes two such tasks, and may take two seconds."""


async def pass_of_steps(step: Callable[[], Awaitable[int]], full: int) -> int:
    """Repeat a step for PASS_SECONDS and return the sum of what it returned; after a step that returned `full` the next follows at once.

    Raises what a step raises.
    """
    loop = asyncio.get_running_loop()
    until, done = loop.time() + PASS_SECONDS, 0
    while loop.time() < until:
        found = await step()
        done += found
        await asyncio.sleep(0 if found >= full else IDLE_SECONDS)
    return done
