"""How flows order results and read what waits to be told.

Every method raises Unavailable when the database fails.
"""

from typing import Protocol

from faust_app.core.results.backlog import ResultsBacklog, Unpublished


class Results(Protocol):
    """The results of images in the order in which they are told. Raises Unavailable."""

    async def order(self, limit: int) -> int:
        """Give up to `limit` committed results the next positions; return how many.

        Positions become visible in their order: whoever has read up to one never finds a lower one later. Those of one image are in the
        order of its transitions. Never waits for a transaction that settles, and lets none wait. Concurrent callers
        take turns.
        """
        ...

    async def unpublished(self, limit: int) -> Unpublished:
        """Return up to `limit` results that are not published, by position."""
        ...

    async def mark_published(self, before: int, to: int, count: int) -> bool:
        """Record that the `count` results from after position `before` up to `to` are published.

        Return False, with nothing changed, if `before` is not how far they were published: another process was faster.
        """
        ...

    async def backlog(self) -> ResultsBacklog:
        """Return how many results wait to be published."""
        ...
