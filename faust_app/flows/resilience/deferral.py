"""Deferred images go on: all of a source that answers again."""

from typing import Final

from faust_app.core.sources.health import Source
from faust_app.flows.ports.images import ImageRepository

_RELEASED_AT_ONCE: Final = 1000
"""Rows a statement: a shop with many deferred images is not locked as a whole."""


async def release(repository: ImageRepository, reopened: set[Source]) -> None:
    """Let every image of the reopened sources be due. What is released leaves `reopened`.

    A source without a host is the whole shop. Raises Unavailable; what is left is released by the next call.
    """
    for shop_no, host in list(reopened):
        while await repository.release_deferred(shop_no, host or None, _RELEASED_AT_ONCE) == _RELEASED_AT_ONCE:
            pass
        reopened.discard((shop_no, host))
