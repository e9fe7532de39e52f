"""Serves the shops of one share in turn, by deficit round robin charged in seconds of service.

M. Shreedhar and G. Varghese, "Efficient Fair Queuing Using Deficit Round Robin", 1996. In each round a shop may use one
quantum of service, times its weight. How long an event runs is known only when it has ended. So at its start the shop is charged
what its events took of late, and at its end the difference; a shop that owes more than a quantum sits out as many rounds as that
is worth.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from faust_app.core.dispatch.turns.full_hosts import Entry, FullHosts, without_shop
from faust_app.core.dispatch.turns.shop_queue import ShopQueue
from faust_app.core.sources.health import Source

QUANTUM: Final = 0.1
"""Seconds of service that a shop of weight 1 may use in a round."""
REMEMBERED: Final = 10_000
"""Shops without work that are remembered, with what they owe."""

T = TypeVar("T")
MayServe = Callable[[int], bool]
MayStart = Callable[[Source], bool]
IsFull = Callable[[str], bool]


def alike(_shop: int) -> float:
    """Return the weight of a shop where all weigh the same."""
    return 1.0


def never_full(_host: str) -> bool:
    """Return False, for hosts without a limit: a source that may not start is then kept back for a reason of its own."""
    return False


class Turns(Generic[T]):
    """The queues of one share. The cost of an operation grows with the logarithm of the number of shops at most.

    `weight` returns a shop's weight, above 0. With `quantum` 0 every turn is one event, whatever it takes: plain round robin.
    """

    def __init__(self, weight: Callable[[int], float] = alike, quantum: float = QUANTUM) -> None:
        self._weight = weight
        self._quantum = quantum
        self._shops: dict[int, ShopQueue[T]] = {}
        self._idle: dict[int, None] = {}
        """Shops without work whose accounts are kept, the longest idle first."""
        self._heap: list[Entry] = []
        self._full = FullHosts(self._round_of)
        self._kept_back: dict[Source, None] = {}
        """Sources that may not start for reasons of their own."""
        self._round = 0
        self._sequence = 0
        self._queued = 0

    def __len__(self) -> int:
        return self._queued

    @property
    def ready_shops(self) -> int:
        """Number of shops with an event that may start, as far as is known."""
        return len(self._heap)

    @property
    def has_one_shop(self) -> bool:
        """Whether all that wants a slot now is of one shop: no other is ready, and no shop waits for a full host."""
        return len(self._heap) == 1 and self._full.is_empty

    def push(self, source: Source, item: T, *, front: bool = False) -> None:
        """Queue an event of the source; one that is returned comes to the front."""
        shop = self._shop(source[0])
        if shop.push(source[1], item, front=front):
            self._give_turn(source, shop)
        self._queued += 1

    def take(
        self, may_serve: MayServe, may_start: MayStart, cost: Callable[[Source], float], is_full: IsFull = never_full
    ) -> tuple[Source, T] | None:
        """Remove and return the next event that may start, and charge its shop what `cost` returns, in seconds.

        A shop that may not be served keeps its turn. A source that may not start is left out: where `is_full` says that its
        host is full, until `freed`; else until an event of its own `ended`. Either ends with `all_freed`.
        """
        passed: list[Entry] = []
        try:
            while self._heap:
                round_, _, number = self._heap[0]
                if not may_serve(number):
                    passed.append(heapq.heappop(self._heap))
                    self._give_way(number)
                elif self._sits_out(number, round_):
                    self._give_way(number)
                else:
                    self._round = max(self._round, round_)
                    taken = self._take_of(number, may_start, is_full)
                    if taken is not None:
                        self._charge_start(number, cost(taken[0]))
                        return taken
            return None
        finally:
            for entry in passed:
                heapq.heappush(self._heap, entry)

    def charge(self, shop: int, seconds: float) -> None:
        """Charge the shop for service beyond what it was charged at the start; a negative number is given back."""
        account = self._shops.get(shop)
        if account is not None and self._quantum:
            account.credit -= seconds

    def take_youngest(self, source: Source, *, the_last: bool = False) -> T | None:
        """Remove and return the youngest event of the source; not its only one, unless `the_last` may go too."""
        number, host = source
        shop = self._shops.get(number)
        queue = shop.by_host.get(host) if shop is not None else None
        if shop is None or queue is None or (len(queue) == 1 and not the_last):
            return None
        item = shop.pop_youngest(host)
        self._queued -= 1
        if host not in shop.by_host:
            self._forget_source(source, shop)
        return item

    def is_wanted(self, host: str) -> bool:
        """Return whether any source waits for the host to be `freed`."""
        return self._full.is_wanted(host)

    def freed(self, host: str) -> None:
        """Give the sources of a host that was full their turns again, one after the other while it has room."""
        if self._full.asked(host) is None:
            self._ask_next(host)

    def ended(self, source: Source) -> None:
        """Give the source its turn again if it was kept back for a reason of its own: one of its events has ended."""
        if source in self._kept_back:
            del self._kept_back[source]
            self._give_turn(source, self._shops[source[0]])

    def some_freed(self, count: int) -> None:
        """Do as `freed` for `count` full hosts at most, those that had it done longest ago."""
        for host in self._full.longest_waited_for(count):
            self.freed(host)

    def all_freed(self) -> None:
        """Give every source its turn again; those of a full host one after the other while it has room."""
        kept_back, self._kept_back = self._kept_back, {}
        for source in kept_back:
            self._give_turn(source, self._shops[source[0]])
        for host in self._full.hosts():
            self.freed(host)

    def queued_by_source(self) -> list[tuple[Source, int]]:
        """Return the sources with queued events, and how many."""
        return [((number, host), len(queue)) for number, shop in self._shops.items() for host, queue in shop.by_host.items()]

    def first_by_source(self) -> Iterator[tuple[Source, int, T]]:
        """Return the sources with queued events, how many, and the first."""
        return (((number, host), len(queue), queue[0]) for number, shop in self._shops.items() for host, queue in shop.by_host.items())

    def queued_of(self, shop: int) -> int:
        """Return how many events of the shop are queued."""
        account = self._shops.get(shop)
        return account.queued if account is not None else 0

    def items(self) -> Iterator[T]:
        """Return every queued event."""
        return (item for shop in self._shops.values() for queue in shop.by_host.values() for item in queue)

    def queued_by_shop(self) -> Iterator[tuple[int, int]]:
        """Return the shops with queued events, and how many."""
        return ((number, shop.queued) for number, shop in self._shops.items() if shop.queued)

    def clear(self) -> None:
        """Drop every event and every account."""
        for held in (self._shops, self._idle, self._heap, self._full, self._kept_back):
            held.clear()
        self._queued = 0

    def _shop(self, number: int) -> ShopQueue[T]:
        """Return the shop's account; one that has come back still owes what it owed."""
        shop = self._shops.get(number)
        if shop is None:
            shop = self._shops[number] = ShopQueue(self._round, self._quantum_of(number))
        elif not shop.queued:
            self._idle.pop(number, None)
            self._catch_up(number, shop, self._round)
        return shop

    def _catch_up(self, number: int, shop: ShopQueue[T], round_: int) -> None:
        if shop.round < round_:  # else its weight need not be asked for
            shop.catch_up(round_, self._quantum_of(number))

    def _quantum_of(self, number: int) -> float:
        return self._quantum * self._weight(number)

    def _round_of(self, number: int) -> int:
        return self._shops[number].round

    def _give_turn(self, source: Source, shop: ShopQueue[T]) -> None:
        shop.hosts.append(source[1])
        if not shop.in_turn:
            self._wait(source[0], shop)

    def _ask_next(self, host: str) -> None:
        """Give the first source that waits for the host its turn, if any does: to start, or to find the host still full."""
        number = self._full.ask_next(host)
        if number is not None:
            self._give_turn((number, host), self._shops[number])

    def _give_way(self, number: int) -> None:
        """Pass on the hosts that the shop was asked to try; it keeps its own turn for later."""
        for host in self._shops[number].hosts:
            if self._full.asked(host) == number:
                self._ask_next(host)

    def _wait(self, number: int, shop: ShopQueue[T]) -> None:
        shop.in_turn = True
        self._sequence += 1
        heapq.heappush(self._heap, (max(shop.round, self._round), self._sequence, number))

    def _sits_out(self, number: int, round_: int) -> bool:
        """Give the shop its quantum of a new round; return whether it still owes, and then have it sit out."""
        if not self._quantum:
            return False
        shop = self._shops[number]
        self._catch_up(number, shop, round_)
        if shop.credit > 0:
            return False
        shop.sit_out(round_, self._quantum_of(number))
        heapq.heappop(self._heap)
        self._wait(number, shop)
        return True

    def _take_of(self, number: int, may_start: MayStart, is_full: IsFull) -> tuple[Source, T] | None:
        """Remove and return the next event of the shop, round robin over its hosts; end its turn if it has none that may start."""
        shop = self._shops[number]
        while shop.hosts:
            host = shop.hosts.popleft()
            source = number, host
            if not may_start(source):
                self._leave_out(source, is_full=is_full(host))
                continue
            item = shop.pop(host)
            self._queued -= 1
            if self._full.asked(host) == number:
                self._ask_next(host)
            return source, item
        heapq.heappop(self._heap)  # whoever was given a turn meanwhile comes behind it
        shop.in_turn = False
        return None

    def _leave_out(self, source: Source, *, is_full: bool) -> None:
        number, host = source
        if is_full:
            self._full.wait(host, number)
            return
        self._kept_back[source] = None
        if self._full.asked(host) == number:
            self._ask_next(host)

    def _charge_start(self, number: int, seconds: float) -> None:
        """Charge the shop for the event that starts. Its turn goes on while another event of that cost fits into its quantum."""
        shop = self._shops[number]
        if self._quantum:
            shop.credit -= seconds
            if shop.hosts and shop.credit >= seconds > 0:
                return
        heapq.heappop(self._heap)
        shop.in_turn = False
        shop.round, shop.credit = self._round + 1, shop.credit + self._quantum_of(number)
        if shop.hosts:
            self._wait(number, shop)
        elif not shop.queued:
            self._keep_account(number)

    def _forget_source(self, source: Source, shop: ShopQueue[T]) -> None:
        """Forget a source without events wherever it waits, and end its shop's turn where nothing else of it may start."""
        number, host = source
        self._kept_back.pop(source, None)
        self._full.forget(host, number)
        if shop.in_turn and not shop.hosts:
            self._heap = without_shop(self._heap, number)
            shop.in_turn = False
        if self._full.asked(host) == number:
            self._ask_next(host)
        if not shop.queued:
            self._keep_account(number)

    def _keep_account(self, number: int) -> None:
        """Remember a shop without work until its next turn: one that comes back at once must not overtake those that stayed."""
        self._idle[number] = None
        while self._idle:
            oldest = next(iter(self._idle))
            shop = self._shops[oldest]
            if len(self._idle) <= REMEMBERED and (shop.round > self._round or shop.credit < 0):
                return
            del self._idle[oldest], self._shops[oldest]
