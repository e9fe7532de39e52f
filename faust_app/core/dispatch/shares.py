"""How the slots of a worker are shared between kinds of work: each has its part while others wait, and what is unused while not."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Share(StrEnum):
    """A kind of work with a part of the slots of its own."""

    EXPRESS = "express"  #: single changes of shops with little work
    BULK = "bulk"  #: what shops request beyond that
    RETRY = "retry"  #: what failed, and is due again
    REPUBLISHED = "republished"  #: what an operator or the platform has fetched once more


GUARANTEED: Final[Mapping[Share, float]] = {Share.EXPRESS: 0.5, Share.BULK: 0.3, Share.RETRY: 0.1, Share.REPUBLISHED: 0.1}
"""Part of the slots that a share gets however much the others want. Without retries and repairs, bulk has half."""
MOST_OF_A_SHARE: Final[Mapping[Share, float]] = {Share.RETRY: 0.2, Share.REPUBLISHED: 0.2}
"""Part of the slots beyond which a share gets none that another wants."""
MOST_OF_A_SHOP: Final = 0.25
"""Part of the slots beyond which a shop gets none that another wants."""


def guaranteed_slots(share: Share, slots: int) -> int:
    """Return how many of the slots the share can count on, at least 1."""
    return max(1, int(GUARANTEED[share] * slots))


def shares_in_turn(running: Mapping[Share, int], slots: int) -> list[Share]:
    """Return the shares in the order in which they may take the next slot: those that hold their most come last.

    Before that, the one that holds the least of what it is guaranteed comes first.
    """

    def place(share: Share) -> tuple[bool, float]:
        held = running.get(share, 0)
        return held >= MOST_OF_A_SHARE.get(share, 1.0) * slots, held / GUARANTEED[share]

    return sorted(Share, key=place)


def most_of_a_shop(slots: int) -> int:
    """Return how many slots a shop may hold while others wait."""
    return max(1, int(MOST_OF_A_SHOP * slots))
