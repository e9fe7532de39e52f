"""How pages read the workers. Raises Unavailable when the database fails."""

from typing import Protocol

from faust_app.core.monitoring.workers import ListedWorker


class WorkerList(Protocol):
    """The workers that report."""

    async def seen_within(self, seconds: float) -> list[ListedWorker]:
        """Return the workers that reported within so many seconds, by name."""
        ...
