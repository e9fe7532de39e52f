"""A worker's slots without a worker: events come, take as long as they are told to, and the scheduler chooses. Time is simulated."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from faust_app.core.dispatch.pace.slot_bounds import UNKNOWN
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.shop_controls import UNLIMITED, ShopLimits
from faust_app.core.dispatch.slot_limit import SlotLimit
from faust_app.core.dispatch.workload import Ticket


@dataclass(frozen=True)
class Work:
    """An event: when it comes, of which shop and host, and for how many seconds it holds its slot."""

    at: float
    shop: int
    seconds: float
    share: Share = Share.BULK
    host: str = ""


@dataclass
class Started:
    work: Work
    waited: float
    bound: float
    alone: bool


@dataclass
class Slots:
    """Slots that run what the scheduler chooses; with a `limit` as many as that finds, of storage and a loop that are at ease."""

    slots: int
    limits: Callable[[int], ShopLimits] = lambda shop: UNLIMITED
    fair: bool = True
    host_limits: Mapping[str, int] = field(default_factory=dict)
    limit: SlotLimit | None = None
    started: list[Started] = field(default_factory=list)
    ended: float = 0.0
    most_of_shop: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pace = SourcePace(self.slots, self.host_limits, limits=self.limits)
        self.scheduler = Scheduler[Work](self.pace, fair=self.fair)

    def knows(self, host: str, seconds: float, shop: int = 1) -> None:
        """Have the host answer so often that it is known, as fast as it is."""
        for _ in range(UNKNOWN):
            self.pace.fetching((shop, host), -seconds)
            self.pace.fetched((shop, host), -seconds, 0.0)
            self.pace.answered(host)

    def run(self, work: Iterable[Work], until: float = float("inf")) -> None:
        """Run everything, or until a time."""
        numbers = itertools.count()
        later: list[tuple[float, int, Work | Ticket[Work] | None]] = [(each.at, next(numbers), each) for each in work]
        last = max((at for at, _, _ in later), default=0.0)
        later.append((0.0, next(numbers), None))
        heapq.heapify(later)
        while later:
            now, _, what = heapq.heappop(later)
            if now > until:
                return
            if isinstance(what, Work):
                self.scheduler.add(what.share, (what.shop, what.host), what, now)
            elif what is not None:
                self.scheduler.ended(what, now)
                self.ended = now
            else:
                self.scheduler.tick(now)
                if self.limit is not None:
                    self.limit.judge(now, len(self.scheduler.workload.running), lag=0.0)
                    self.slots = self.limit.slots
                self.scheduler.all_freed()
                if later or now < last or now < until < float("inf"):
                    heapq.heappush(later, (now + 1.0, next(numbers), None))
            while (ticket := self.scheduler.next(now, self.slots)) is not None:
                self.started.append(Started(ticket.item, now - ticket.came, ticket.bound, ticket.alone))
                for shop, count in self.scheduler.workload.running_by_shop.items():
                    self.most_of_shop[shop] = max(self.most_of_shop.get(shop, 0), count)
                heapq.heappush(later, (now + ticket.item.seconds, next(numbers), ticket))

    def waits(self, shop: int) -> list[float]:
        """Return what the shop's events waited, in the order of their starts."""
        return [each.waited for each in self.started if each.work.shop == shop]

    def seconds_by(self, shop: int, until: float) -> float:
        """Return the service that the shop's events were given that started before a time."""
        return sum(each.work.seconds for each in self.started if each.work.shop == shop and each.work.at + each.waited < until)
