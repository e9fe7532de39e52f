"""The events of a worker that wait and that run, and what can be read of them: how many, whose, since when, how long they take."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.shares import Share, guaranteed_slots
from faust_app.core.dispatch.turns.turns import QUANTUM, Turns
from faust_app.core.sources.health import Source

_NEWEST: Final = 0.1
"""Weight of the newest service in the mean."""
_FIRST_SECONDS: Final = 0.1
"""What an event is taken to cost before any has ended."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Ticket(Generic[T]):
    """An event with the work it is part of. `charged` is what its shop was charged for it so far, in seconds.

    It is `alone` while its shop has no other event here and nothing but other shops makes it wait; it then starts within
    `bound` seconds. It is `storing` once it has fetched, and holds its slot to store what it got.
    """

    share: Share
    source: Source
    item: T
    came: float
    alone: bool
    bound: float
    since: float = 0.0
    charged: float = 0.0
    storing: bool = False


class Workload(Generic[T]):
    """What waits, in `turns` by share, and what runs. Times are seconds of a clock that never goes back.

    `quantum` is the seconds of service that a shop may use in a turn, 0 for one event a turn.
    """

    def __init__(self, pace: SourcePace, quantum: float) -> None:
        self._pace = pace
        self.turns: Mapping[Share, Turns[Ticket[T]]] = {share: Turns(self._weight, quantum) for share in Share}
        self.running: dict[Ticket[T], None] = {}
        self.running_by_share: Counter[Share] = Counter()
        self.running_by_shop: Counter[int] = Counter()
        """Only shops with events that run."""
        self._means: dict[Share, float] = {}
        self._longest: dict[Share, float] = {}
        self._heaviest = 1.0

    def started(self, ticket: Ticket[T]) -> None:
        """Count an event that was given a slot."""
        self.running[ticket] = None
        self.running_by_share[ticket.share] += 1
        self.running_by_shop[ticket.source[0]] += 1

    def ended(self, ticket: Ticket[T], seconds: float) -> None:
        """Count an event that runs no longer, and for how many seconds it held its slot."""
        del self.running[ticket]
        self.running_by_share[ticket.share] -= 1
        self.running_by_shop[ticket.source[0]] -= 1
        if not self.running_by_shop[ticket.source[0]]:
            del self.running_by_shop[ticket.source[0]]
        mean = self._means.get(ticket.share, seconds)
        self._means[ticket.share] = (1 - _NEWEST) * mean + _NEWEST * seconds

    def measure_again(self) -> None:
        """Measure again what a bound counts on, the heaviest shop and the longest service under way; call it every second."""
        shops = (shop for turns in self.turns.values() for shop, _ in turns.queued_by_shop())
        self._heaviest = max((self._pace.limits(shop).weight for shop in shops), default=1.0)
        self._longest.clear()

    def has_events_of(self, shop: int) -> bool:
        """Return whether any event of the shop waits or runs."""
        return shop in self.running_by_shop or any(turns.queued_of(shop) for turns in self.turns.values())

    def queued(self, share: Share) -> int:
        """Return how many events of the share wait."""
        return len(self.turns[share])

    def waiting(self, share: Share) -> Iterator[tuple[Source, int, float]]:
        """Return the sources of the share with how many events of theirs wait, and when the first of them came."""
        return ((source, count, first.came) for source, count, first in self.turns[share].first_by_source())

    def seconds_of(self, share: Share, source: Source) -> float:
        """Return for how many seconds an event of the source holds its slot: what its last ones did, else those of the share."""
        of_source = self._pace.service_of(source)
        return self._means.get(share, _FIRST_SECONDS) if of_source is None else of_source

    def bound(self, share: Share, now: float) -> float:
        """Return within how many seconds an event would start that came now and was its shop's only one.

        It counts on at least the slots guaranteed to the share, and on services that take no longer than the longest of late.
        """
        if share not in self._longest:
            self._longest[share] = max((now - each.since for each in self.running), default=0.0)
        event = self._means.get(share, _FIRST_SECONDS)
        longest = max(self._longest[share], max(self._means.values(), default=_FIRST_SECONDS))
        slots = guaranteed_slots(share, self._pace.bounds.slots)
        return longest + self.turns[share].ready_shops * (QUANTUM * self._heaviest + event) / slots

    def _weight(self, shop: int) -> float:
        weight = self._pace.limits(shop).weight
        self._heaviest = max(self._heaviest, weight)
        return weight
