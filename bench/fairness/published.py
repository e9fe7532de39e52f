"""Published scenarios of another scheduler's study, as inputs for a pure scheduler, beside the figures that were published.

The study is trigger.dev's "caps vs scheduling" (github.com/triggerdotdev/trigger.dev, internal-packages/run-engine/design/references,
run-queue-fairness-caps-vs-scheduling-findings.md). Four slots, three seeds, equal weights; all of a backlog is there at once, the light
shops' items arrive at random; an item holds its slot for an exponentially distributed time with a mean of 25 ms. Waits are from arrival to
start, the makespan is the start of the last item, both means over the seeds in milliseconds of a logical clock. The workloads are the
study's own, number for number, so first come, first served has to reproduce the figures of its baseline.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from statistics import mean
from typing import Final, Protocol

from bench.fairness.seedrandom import SeedRandom

SLOTS: Final = 4
SEEDS: Final = ("seed-a", "seed-b", "seed-c")
HOLD_MS: Final = 25.0


@dataclass(frozen=True, slots=True)
class Item:
    """Work of a shop; times are milliseconds."""

    shop: str
    number: int
    arrives: int
    holds: int


class Scheduler(Protocol):
    """Chooses whose item starts next. Times are milliseconds of the logical clock; a slot is free whenever `next` is called."""

    def add(self, shop: str, item: Item, now: int) -> None:
        """Accept an item."""
        ...

    def next(self, now: int) -> Item | None:
        """Return the item that starts now, None where no item may."""
        ...

    def done(self, item: Item, now: int) -> None:
        """Free the slot of an item that has ended."""
        ...


@dataclass(frozen=True)
class Tenant:
    """A shop of a scenario; without `per_second` all its items are there from the beginning."""

    shop: str
    items: int
    per_second: float | None = None


@dataclass(frozen=True)
class Published:
    """Milliseconds: the light shop's mean wait, and the makespan."""

    light: float
    makespan: float


@dataclass(frozen=True)
class Scenario:
    """A published scenario: whose wait is the headline, and the figures of each discipline it was published with."""

    name: str
    light: str
    tenants: tuple[Tenant, ...]
    published: dict[str, Published]


SCENARIOS: Final = (
    Scenario(
        "ckSkew",
        "light-1",
        (Tenant("heavy", 240), *(Tenant(f"light-{number}", 15, 10) for number in range(1, 5))),
        {
            "first come, first served": Published(1098, 2083),
            "cap per key": Published(20, 3038),
            "start-time fair queueing": Published(14, 2083),
            "deficit round robin": Published(17, 2083),
        },
    ),
    Scenario(
        "ckTrickle",
        "trickle-1",
        (Tenant("bulk", 240), Tenant("trickle-1", 30, 25), Tenant("trickle-2", 30, 25)),
        {
            "first come, first served": Published(1107, 1940),
            "cap per key": Published(19, 3038),
            "start-time fair queueing": Published(17, 1942),
            "deficit round robin": Published(23, 1941),
        },
    ),
    Scenario(
        "ckSybil",
        "light",
        (*(Tenant(f"heavy-{number}", 15) for number in range(20)), Tenant("light", 20, 40)),
        {
            "first come, first served": Published(1765, 2070),
            "cap per key": Published(1776, 2128),
            "start-time fair queueing": Published(1009, 2065),
            "deficit round robin": Published(1061, 2055),
        },
    ),
    Scenario(
        "ckHeavyIdle",
        "heavy",
        (Tenant("heavy", 200),),
        {
            "first come, first served": Published(633, 1240),
            "cap per key": Published(1291, 2507),
            "start-time fair queueing": Published(633, 1240),
            "deficit round robin": Published(633, 1240),
        },
    ),
)


class FirstComeFirstServed:
    """The baseline of the study: the oldest item starts, whosever it is."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()

    def add(self, shop: str, item: Item, now: int) -> None:  # noqa: ARG002 - the order of arrival says it all
        """Accept an item."""
        self._items.append(item)

    def next(self, now: int) -> Item | None:  # noqa: ARG002 - as above
        """Return the oldest item."""
        return self._items.popleft() if self._items else None

    def done(self, item: Item, now: int) -> None:
        """Do nothing: a slot is like any other."""


class RoundRobin:
    """Shops take turns, an item at a time."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[Item]] = defaultdict(deque)
        self._turn: deque[str] = deque()

    def add(self, shop: str, item: Item, now: int) -> None:  # noqa: ARG002 - the turn does not depend on it
        """Accept an item."""
        if not self._queues[shop]:
            self._turn.append(shop)
        self._queues[shop].append(item)

    def next(self, now: int) -> Item | None:  # noqa: ARG002 - as above
        """Return the oldest item of the shop whose turn it is."""
        if not self._turn:
            return None
        shop = self._turn.popleft()
        item = self._queues[shop].popleft()
        if self._queues[shop]:
            self._turn.append(shop)
        return item

    def done(self, item: Item, now: int) -> None:
        """Do nothing: a slot is like any other."""


SCHEDULERS: Final[dict[str, Callable[[], Scheduler]]] = {
    "first come, first served": FirstComeFirstServed,
    "round robin": RoundRobin,
}
"""What is measured beside the published figures."""


def workload(scenario: Scenario, seed: str) -> list[Item]:
    """Return the items of a scenario in the order of their arrival; those of one moment by shop and number, as text."""
    random, items = SeedRandom(seed), []
    for tenant in scenario.tenants:
        arrives = 0
        for number in range(tenant.items):
            if tenant.per_second is not None and number > 0:
                arrives += _exponential(random, 1000 / tenant.per_second)
            items.append(Item(tenant.shop, number, arrives, _exponential(random, HOLD_MS)))
    return sorted(items, key=lambda item: (item.arrives, item.shop, str(item.number)))


def simulate(items: list[Item], scheduler: Scheduler, light: str) -> Published:
    """Run one workload on SLOTS slots. Raises RuntimeError where the scheduler leaves items behind."""
    started, running, coming, now = list[tuple[Item, int]](), list[tuple[int, int, Item]](), deque(items), 0
    while len(started) < len(items):
        while running and running[0][0] <= now:
            scheduler.done(heappop(running)[2], now)
        while coming and coming[0].arrives <= now:
            item = coming.popleft()
            scheduler.add(item.shop, item, now)
        while len(running) < SLOTS and (chosen := scheduler.next(now)) is not None:
            started.append((chosen, now))
            heappush(running, (now + chosen.holds, len(started), chosen))
        if not running and not coming and len(started) < len(items):
            raise RuntimeError(f"{len(items) - len(started)} items never start")
        events = [*(running[0][:1] if running else ()), *((coming[0].arrives,) if coming else ())]
        now = max(now + 1, min(events, default=now + 1))
    waits = [at - item.arrives for item, at in started if item.shop == light]
    return Published(mean(waits), max(at for _, at in started))


def measured(scenario: Scenario, make: Callable[[], Scheduler]) -> Published:
    """Return the means over the seeds, with a new scheduler for each."""
    runs = [simulate(workload(scenario, seed), make(), scenario.light) for seed in SEEDS]
    return Published(mean(run.light for run in runs), mean(run.makespan for run in runs))


def _exponential(random: SeedRandom, average: float) -> int:
    """Return whole milliseconds, at least one, rounded half up."""
    return max(1, math.floor(-math.log(1 - random()) * average + 0.5))
