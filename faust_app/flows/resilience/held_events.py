"""The events that a worker holds while a breaker is open."""

import asyncio
from collections.abc import Callable


class HeldEvents:
    """Connects the breakers with the dispatcher, which is built after them: how many events wait, and when they may start.

    `count` returns how many events the worker holds.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._released = asyncio.Event()

    @property
    def count(self) -> int:
        """Number of events that the worker holds."""
        return self._count()

    def release(self) -> None:
        """Signal that the held events may start: a breaker has closed."""
        self._released.set()

    async def released(self) -> None:
        """Wait until the held events may start; a release before the call counts, several count once."""
        await self._released.wait()
        self._released.clear()
