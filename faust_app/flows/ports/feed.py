"""Where the feed gets what it shows. Every method raises Unavailable."""

from typing import Protocol

from faust_app.core.operators.access import Shops
from faust_app.core.results.feed import FeedEnd, FeedPage


class FeedRows(Protocol):
    """The results in the order of their positions."""

    async def end(self) -> FeedEnd:
        """Return how far the feed reaches."""
        ...

    async def page(self, after: int, shops: Shops, limit: int) -> FeedPage:
        """Return up to `limit` results of these shops (None: all) behind a position, by position.

        A result that is committed later never has a position up to `through`. With several shops a call searches a limited number of
        results, and may find none although `more` is true. Never waits for a transaction that writes.
        """
        ...

    async def shops_between(self, after: int, until: int) -> frozenset[int | None] | None:
        """Return whose results are behind `after` up to `until`; None where they are too many to group."""
        ...
