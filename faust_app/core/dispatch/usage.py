"""What shops got and how long they waited, in this worker, over the last minute and the last hour."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

SLICE_SECONDS: Final = 10.0
_SLICES: Final = 6
_LONG_SLICE_SECONDS: Final = 300.0
_LONG_SLICES: Final = 12
KEPT_SHOPS: Final = 200
"""Shops that are told apart over the hour; what the others used counts as shop 0."""
REST: Final = 0


@dataclass(slots=True)
class ShopUse:
    """What one shop used. `waited` is the sum of what its events waited for their slots, `longest` the longest of those waits."""

    events: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    longest: float = 0.0

    def add(self, other: "ShopUse") -> None:
        """Add what another record says of the shop."""
        self.events += other.events
        self.seconds += other.seconds
        self.waited += other.waited
        self.longest = max(self.longest, other.longest)


@dataclass(slots=True)
class QuietWaits:
    """Waits of events that were the only ones of their shops, beside the bound that held when they came; seconds."""

    events: int = 0
    longest: float = 0.0
    bound: float = 0.0
    """The bound of the event that waited longest."""
    exceeded: int = 0
    """How many waited longer than their bound."""

    def add(self, other: "QuietWaits") -> None:
        """Add other waits of the same share."""
        if other.longest >= self.longest:
            self.longest, self.bound = other.longest, other.bound
        self.events += other.events
        self.exceeded += other.exceeded


@dataclass(slots=True)
class Slice:
    """What was used in a span of time, by shop, and the waits of quiet shops, by share."""

    began: float
    shops: dict[int, ShopUse] = field(default_factory=dict)
    quiet: dict[str, QuietWaits] = field(default_factory=dict)

    def shop(self, shop: int) -> ShopUse:
        """Return the record of the shop, a new one if there is none."""
        use = self.shops.get(shop)
        if use is None:
            use = self.shops[shop] = ShopUse()
        return use

    def add(self, other: "Slice") -> None:
        """Add what another span says."""
        for shop, use in other.shops.items():
            self.shop(shop).add(use)
        for share, waits in other.quiet.items():
            self.quiet.setdefault(share, QuietWaits()).add(waits)


class Usage:
    """Counts starts and ends of events. Times are seconds of a clock that never goes back; a count costs the same at any size."""

    def __init__(self) -> None:
        self._short: deque[Slice] = deque([Slice(0.0)], maxlen=_SLICES + 1)
        self._long: deque[Slice] = deque([Slice(0.0)], maxlen=_LONG_SLICES + 1)

    def started(self, share: str, shop: int, waited: float, bound: float | None, now: float) -> None:
        """Count an event that was given a slot; `bound` is given for one that was its shop's only one when it came."""
        current = self._current(now)
        use = current.shop(shop)
        use.events += 1
        use.waited += waited
        use.longest = max(use.longest, waited)
        if bound is not None:
            current.quiet.setdefault(share, QuietWaits()).add(QuietWaits(1, waited, bound, int(waited > bound)))

    def ended(self, shop: int, seconds: float, now: float) -> None:
        """Count the seconds for which an event held its slot."""
        self._current(now).shop(shop).seconds += seconds

    def last_minute(self, now: float) -> Slice:
        """Return what was used in the last minute, about: since `began`, at least 50 seconds ago."""
        since = now - _SLICES * SLICE_SECONDS
        # A slice of which a part is older than a minute is left out: what is returned is then of a shorter time.
        total = _sum(self._short, since)
        left_out = max((each.began + SLICE_SECONDS for each in self._short if each.began < since), default=since)
        total.began = max(since, left_out)
        return total

    def last_hour(self, now: float) -> Slice:
        """Return what was used in the last hour, about; beyond the first `KEPT_SHOPS` shops as shop 0."""
        found = _sum(self._long, now - _LONG_SLICES * _LONG_SLICE_SECONDS)
        found.add(self._current(now))
        return found

    def _current(self, now: float) -> Slice:
        current = self._short[-1]
        if now - current.began < SLICE_SECONDS:
            return current
        if now - self._long[-1].began >= _LONG_SLICE_SECONDS:
            self._long.append(Slice(now))
        self._long[-1].add(current)
        self._long[-1].shops = _largest(self._long[-1].shops)
        self._short.append(Slice(now))
        return self._short[-1]


def _sum(slices: Iterable[Slice], since: float) -> Slice:
    total = Slice(since)
    for each in slices:
        if each.began >= since:
            total.add(each)
    return total


def _largest(shops: dict[int, ShopUse]) -> dict[int, ShopUse]:
    """Return the shops that used most, and the others together."""
    if len(shops) <= KEPT_SHOPS:
        return shops
    by_use = sorted(shops.items(), key=lambda item: (item[0] != REST, item[1].seconds + item[1].waited), reverse=True)
    kept, rest = dict(by_use[: KEPT_SHOPS - 1]), ShopUse()
    for _, use in by_use[KEPT_SHOPS - 1 :]:
        rest.add(use)
    kept.setdefault(REST, ShopUse()).add(rest)
    return kept
