"""Which events of a source wait here, which are deferred and for how long, and when they are released.

An event that waits behind a slow source holds room to read ahead, so the youngest of a long queue are deferred to a time of
the source's own clock: each to the end of those deferred before it, so that none is deferred twice in a row.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from faust_app.core.dispatch.pace.accounts import Accounts
from faust_app.core.dispatch.pace.slot_bounds import SlotBounds
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.core.sources.health import Source

LONGEST_WAIT: Final = 10.0
"""Expected seconds of waiting here beyond which a source's youngest event is deferred."""
SOON: Final = 5.0
"""An event is deferred by so many seconds at least, and events are released for so many seconds of work."""
SHORTEST_WAIT: Final = 2.0
"""Expected seconds of waiting below which events that were deferred are released."""
FAST: Final = 10.0
"""Events a second from which on a source's throughput of late says better than its speed what it can count on."""
MOST_RELEASED: Final = 500
"""Events that are released for a source at once at most, and half of that is a queue that needs no more."""


class DeferralClock:
    """The clock of each source. `limits` returns what operators set for a shop."""

    def __init__(self, accounts: Accounts, bounds: SlotBounds, limits: Callable[[int], ShopLimits]) -> None:
        self._accounts = accounts
        self._bounds = bounds
        self._limits = limits
        self._paused: dict[Source, None] = {}

    def surplus(self, source: Source, now: float, room: float = math.inf, *, least: int = 1) -> int:
        """Return how many of the source's queued events are to be deferred: `least` always stay, and no more than `room`."""
        account = self._accounts.source(source)
        seconds = account.seconds(now)
        if not source[1] or not seconds:
            return max(0, account.queued - int(room)) if room < account.queued else 0
        return max(0, account.queued - max(least, int(min(room, LONGEST_WAIT * self._slots_to_count_on(source, now) / seconds))))

    def defer(self, source: Source, now: float) -> float:
        """Defer the source's youngest event; return for how many seconds."""
        account = self._accounts.source(source)
        account.deferred_until = max(account.deferred_until, now + SOON) + 1 / self.rate_of(source, now)
        return account.deferred_until - now

    def defer_for_pause(self, source: Source, until: float) -> None:
        """Record that events of the source were deferred because its shop is paused: none is released before `end_pauses`."""
        self._accounts.source(source).deferred_until = until
        self._paused[source] = None

    def end_pauses(self, is_paused: Callable[[int], bool]) -> None:
        """Have the deferred events of shops released that are no longer paused."""
        for source in [source for source in self._paused if not is_paused(source[0])]:
            del self._paused[source]

    def to_release(self, now: float) -> list[tuple[Source, int]]:
        """Return sources that run out of events while others of theirs are deferred, and how many to release."""
        found = []
        for source, account in self._accounts.sources.items():
            cap = self._limits(source[0]).per_second
            if account.deferred_until <= now + SOON or source in self._paused or (cap is not None and cap < 1 / SOON):
                continue  # what is capped so low comes by its clock
            rate = self.rate_of(source, now)
            if account.queued < min(SHORTEST_WAIT * rate, MOST_RELEASED / 2):
                found.append((source, max(1, int(min(SOON * rate, MOST_RELEASED)))))
        return found

    def released_all(self, source: Source, now: float) -> None:
        """Record that no event of the source is deferred any longer."""
        self._accounts.source(source).deferred_until = now

    def rate_of(self, source: Source, now: float) -> float:
        """Return how many events a second the source can count on: by its speed and slots, or by its throughput of late."""
        account = self._accounts.source(source)
        rate = self._slots_to_count_on(source, now) / max(account.seconds(now), 0.001)
        if account.throughput is not None:
            rate = min(rate, max(account.throughput, FAST))
        cap = self._limits(source[0]).per_second
        return rate if cap is None else min(rate, cap)

    def _slots_to_count_on(self, source: Source, now: float) -> float:
        """Return the source's own slots, and where its host is crowded no more than its part of the host's."""
        host = self._accounts.host(source[1])
        slots, of_host = self._bounds.slots_of(source, now), self._bounds.slots_of_host(host, now)
        cap = self._limits(source[0]).slots
        slots = slots if cap is None else min(slots, cap)
        is_crowded = host.queued * host.seconds(now) > LONGEST_WAIT * of_host
        return min(slots, of_host / host.sources) if is_crowded else slots


def room_of_each(queued: Sequence[int], room: int) -> float:
    """Return how many events each of these queues may keep so that all together keep `room`: the small ones whole, the others alike."""
    left, others = float(room), len(queued)
    for count in sorted(queued):
        if count * others >= left:
            return left / others
        left -= count
        others -= 1
    return math.inf
