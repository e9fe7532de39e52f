"""Defers images that nothing is to be tried for, and releases them."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Deferred
from faust_app.core.images.row import ImageRow
from faust_app.core.sources.health import DEFER_SECONDS, Source
from faust_app.flows.ports.images import ImageRepository

_RELEASED_AT_ONCE: Final = 1000
"""Rows per statement: a shop with many deferred images is not locked as a whole."""
_ANY_HOST: Final = ""


def all_of(shop_no: int) -> Source:
    """Return a source that stands for every host of the shop."""
    return shop_no, _ANY_HOST


class Deferral:
    """The deferred images of sources that fail, until these answer again. `jitter` draws the factor that spreads them."""

    def __init__(self, repository: ImageRepository, jitter: Callable[[], float]) -> None:
        self._repository = repository
        self._jitter = jitter
        self._reopened: set[Source] = set()

    def defer(self, row: ImageRow, code: FailureCode | None, detail: str) -> Deferred:
        """Return the outcome that defers an image by some minutes."""
        return Deferred(row, timedelta(seconds=DEFER_SECONDS * self._jitter()), code, detail)

    def reopen(self, sources: Iterable[Source]) -> None:
        """Have the next `release_reopened` release the sources' images."""
        self._reopened.update(sources)

    async def release_reopened(self) -> None:
        """Make all deferred images of the reopened sources due. Raises Unavailable; the next call releases the rest."""
        for shop_no, host in list(self._reopened):
            while await self._repository.release_deferred(shop_no, host or None, _RELEASED_AT_ONCE) == _RELEASED_AT_ONCE:
                pass
            self._reopened.discard((shop_no, host))

    async def release_some(self, source: Source, count: int) -> int:
        """Make up to `count` deferred images of one source due; return how many were. Raises Unavailable."""
        shop_no, host = source
        return await self._repository.release_deferred(shop_no, host or None, count)
