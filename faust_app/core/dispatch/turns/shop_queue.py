"""The events of one shop that wait, and what the shop has left of its turn."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class ShopQueue(Generic[T]):
    """A shop's events by host. `hosts` are those that may be served, in the order of their turns.

    The shop takes part from `round` on, with `credit` seconds of service left; below 0 it owes. `in_turn` is whether it waits
    for its turn among the shops.
    """

    round: int = 0
    credit: float = 0.0
    by_host: dict[str, deque[T]] = field(default_factory=dict)
    hosts: deque[str] = field(default_factory=deque)
    in_turn: bool = False
    queued: int = 0

    def push(self, host: str, item: T, *, front: bool = False) -> bool:
        """Queue an event; return whether it is the only one of its host."""
        self.queued += 1
        queue = self.by_host.get(host)
        if queue is None:
            self.by_host[host] = deque((item,))
            return True
        (queue.appendleft if front else queue.append)(item)
        return False

    def pop(self, host: str) -> T:
        """Remove and return the host's next event; the host has its next turn behind the shop's others."""
        queue = self.by_host[host]
        self.queued -= 1
        item = queue.popleft()
        if queue:
            self.hosts.append(host)
        else:
            del self.by_host[host]
        return item

    def pop_youngest(self, host: str) -> T:
        """Remove and return the host's youngest event; with its last one, the host has no turn any more."""
        queue = self.by_host[host]
        self.queued -= 1
        item = queue.pop()
        if not queue:
            del self.by_host[host]
            if host in self.hosts:
                self.hosts.remove(host)
        return item

    def catch_up(self, round_: int, quantum: float) -> None:
        """Add a quantum for each round up to a later one; what the shop did not use of them is not saved."""
        self.credit = min(quantum, self.credit + quantum * (round_ - self.round))
        self.round = round_

    def sit_out(self, round_: int, quantum: float) -> None:
        """Move a shop that owes to the first round in which it has credit again."""
        rounds = max(1, math.ceil(-self.credit / quantum))
        self.round, self.credit = round_ + rounds, self.credit + quantum * rounds
