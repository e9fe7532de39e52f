"""Which shops are deferred because their images meet only internal errors: after ten in a row, with one probe a minute."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

INTERNAL_ERRORS_IN_A_ROW: Final = 10
SHOP_PROBE_SECONDS: Final = 60.0
_REMEMBERED: Final = 50_000
"""Shops in memory; beyond it the oldest is forgotten and starts anew."""


@dataclass(slots=True)
class _Streak:
    failures: int = 0
    deferred: bool = False
    probe_at: float = 0.0


class ShopHealth:
    """The internal errors in a row of each shop on one worker; `now` is in seconds of any clock that never goes back."""

    def __init__(self) -> None:
        self._streaks: dict[int, _Streak] = {}

    def admits(self, shop: int, now: float) -> bool:
        """Return whether an image of the shop may be tried; of a deferred shop one a minute may, as a probe."""
        streak = self._streaks.get(shop)
        if streak is None or not streak.deferred:
            return True
        if now < streak.probe_at:
            return False
        streak.probe_at = now + SHOP_PROBE_SECONDS
        return True

    def failed(self, shop: int, now: float) -> bool:
        """Count an internal error; return whether it is the one that defers the shop."""
        streak = self._streaks.setdefault(shop, _Streak())
        if len(self._streaks) > _REMEMBERED:
            del self._streaks[next(iter(self._streaks))]
        streak.failures += 1
        if streak.deferred or streak.failures < INTERNAL_ERRORS_IN_A_ROW:
            return False
        streak.deferred, streak.probe_at = True, now + SHOP_PROBE_SECONDS
        return True

    def answered(self, shop: int) -> bool:
        """Count any other outcome; return whether it ends the shop's deferral."""
        streak = self._streaks.pop(shop, None)
        return streak is not None and streak.deferred

    def deferred(self) -> list[int]:
        """Return every deferred shop."""
        return [shop for shop, streak in self._streaks.items() if streak.deferred]

    def probes_due(self, now: float) -> Iterable[int]:
        """Return the deferred shops whose probe is due."""
        return [shop for shop, streak in self._streaks.items() if streak.deferred and now >= streak.probe_at]
