"""The one clock that decides what is due: the database's, since processes on several machines have to agree."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The database's clock."""

    async def now(self) -> datetime:
        """Return the time, UTC without a zone. Raises Unavailable when the database fails."""
        ...
