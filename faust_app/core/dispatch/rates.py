"""Spaces the events of shops whose rate an operator has capped (the virtual scheduling form of ITU-T I.371's generic cell rate)."""

from typing import Final

BURST_SECONDS: Final = 1.0
"""What a shop did not use of so many seconds it may still use at once."""


class ShopRates:
    """When the next event of each capped shop may start. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._next: dict[int, tuple[float, float]] = {}

    def may_start(self, shop: int, per_second: float, now: float) -> bool:
        """Return whether an event of a shop that may start so many a second may start now; a new cap counts at once."""
        capped, at = self._next.get(shop, (per_second, now))
        return capped != per_second or at <= now

    def started(self, shop: int, per_second: float, now: float) -> None:
        """Record an event of a shop that may start so many a second."""
        capped, at = self._next.get(shop, (per_second, now))
        self._next[shop] = per_second, max(at if capped == per_second else now, now - BURST_SECONDS) + 1 / per_second

    def forget_past(self, now: float) -> None:
        """Forget the shops whose next event may start anyway."""
        for shop in [shop for shop, (_, at) in self._next.items() if at < now - BURST_SECONDS]:
            del self._next[shop]
