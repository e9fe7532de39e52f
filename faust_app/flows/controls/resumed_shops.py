"""Releases the deferred images of shops whose pause is over, whichever worker deferred them."""

from collections.abc import Collection
from typing import Final

from faust_app.flows.resilience.deferral import Deferral, all_of

RELEASED_A_PASS: Final = 1_000
"""Images released per pass, of all shops together: many pauses that end at once must not flood Kafka."""
_SHOPS_A_PASS: Final = 50
_EMPTY_PASSES: Final = 3
"""Passes in a row that find less than they may release before a shop is done: a worker that learns of the end later may still defer."""


class ResumedShops:
    """The shops whose pause ended while this worker knew of it, until their deferred images are released."""

    def __init__(self, deferral: Deferral) -> None:
        self._deferral = deferral
        self._paused: frozenset[int] = frozenset()
        self._left: dict[int, int] = {}
        """By shop, how many more passes must find nothing left, in the order of their turns."""

    def now_paused(self, shops: Collection[int]) -> None:
        """Record which shops are paused; the next pass releases images of those that no longer are."""
        paused = frozenset(shops)
        for shop_no in sorted(self._paused - paused):
            self._left[shop_no] = _EMPTY_PASSES
        for shop_no in paused & self._left.keys():
            del self._left[shop_no]
        self._paused = paused

    async def run_pass(self) -> int:
        """Release up to RELEASED_A_PASS images; return how many. Raises Unavailable; the next pass releases the rest."""
        count = 0
        for shop_no in list(self._left)[:_SHOPS_A_PASS]:
            if count == RELEASED_A_PASS:
                break
            wanted = RELEASED_A_PASS - count
            released = await self._deferral.release_some(all_of(shop_no), wanted)
            count += released
            self._next_turn(shop_no, exhausted=released < wanted)
        return count

    def _next_turn(self, shop_no: int, *, exhausted: bool) -> None:
        """Put the shop behind the others, or leave it out once it has nothing left; one that was paused meanwhile is out already."""
        left = self._left.pop(shop_no, None)
        if left is None:
            return
        left = left - 1 if exhausted else _EMPTY_PASSES
        if left:
            self._left[shop_no] = left
