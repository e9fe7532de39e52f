"""The shops that wait for room at a full host, which several shops may share."""

import heapq
from collections.abc import Callable
from itertools import islice

Entry = tuple[int, int, int]
"""Round, number in sequence, shop: the order in which shops have their turns."""


class FullHosts:
    """The shops that wait for each full host, in the order of their rounds.

    Once a host may have room again, one shop at a time is asked to try: thousands that wait for one host do not all try again
    for each slot. `round_of` returns the round of a shop.
    """

    def __init__(self, round_of: Callable[[int], int]) -> None:
        self._round_of = round_of
        self._waiting: dict[str, list[Entry]] = {}
        self._asked: dict[str, int] = {}
        self._sequence = 0

    @property
    def is_empty(self) -> bool:
        """Whether no shop waits for a host, and none is asked to try one."""
        return not self._waiting and not self._asked

    def is_wanted(self, host: str) -> bool:
        """Return whether any shop waits for the host."""
        return host in self._waiting

    def wait(self, host: str, shop: int) -> None:
        """Have the shop wait for the host, which has just proved to be full."""
        self._sequence += 1
        heapq.heappush(self._waiting.setdefault(host, []), (self._round_of(shop), self._sequence, shop))
        if self._asked.get(host) == shop:
            del self._asked[host]

    def asked(self, host: str) -> int | None:
        """Return the shop that was asked to try the host and has not done so yet, None if there is none."""
        return self._asked.get(host)

    def ask_next(self, host: str) -> int | None:
        """Return the first shop that waits for the host, which is now asked to try; None if none waits."""
        self._asked.pop(host, None)
        waiting = self._waiting.get(host)
        if not waiting:
            return None
        round_, sequence, shop = waiting[0]
        while round_ < (of_shop := self._round_of(shop)):  # it was served elsewhere meanwhile
            heapq.heapreplace(waiting, (of_shop, sequence, shop))
            round_, sequence, shop = waiting[0]
        heapq.heappop(waiting)
        if not waiting:
            del self._waiting[host]
        self._asked[host] = shop
        return shop

    def forget(self, host: str, shop: int) -> None:
        """Have the shop wait for the host no more: it has no events for it. Where it was asked, the caller asks the next."""
        if host in self._waiting:
            waiting = without_shop(self._waiting[host], shop)
            if waiting:
                self._waiting[host] = waiting
            else:
                del self._waiting[host]

    def hosts(self) -> list[str]:
        """Return the hosts that shops wait for."""
        return list(self._waiting)

    def longest_waited_for(self, count: int) -> list[str]:
        """Return so many hosts that shops wait for, at most: those that were returned longest ago."""
        hosts = list(islice(self._waiting, count))
        for host in hosts:
            self._waiting[host] = self._waiting.pop(host)
        return hosts

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._asked.clear()


def without_shop(heap: list[Entry], shop: int) -> list[Entry]:
    """Return the heap without the entries of the shop."""
    left = [entry for entry in heap if entry[2] != shop]
    heapq.heapify(left)
    return left
