"""Makes the snapshot of one worker from its scheduler."""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from faust_app.core.dispatch.fairness import HOST_CHARACTERS, LISTED_SHOPS, Fairness, Hold, ShareState, ShopState, Spread, spread_of
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share, guaranteed_slots, most_of_a_shop
from faust_app.core.dispatch.usage import REST, ShopUse, Slice
from faust_app.core.sources.health import Source

_HOUR: Final = 3600.0
_COMPETING: Final = frozenset({Hold.OTHERS, Hold.SLOTS})
"""Why a shop waits that waits for slots alone."""


@dataclass(slots=True)
class _Waiting:
    """What waits of one shop: how many events, what they will take, since when, and of which sources in which share."""

    count: int = 0
    seconds: float = 0.0
    came: float = math.inf
    sources: list[tuple[Share, Source, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Uses:
    """What shops use and want."""

    waiting: Mapping[int, _Waiting]
    running: Mapping[int, int]
    minute: Mapping[int, ShopUse]
    hour: Mapping[int, ShopUse]

    @property
    def shops(self) -> set[int]:
        """Every shop that has work, or had."""
        return {*self.waiting, *self.running, *self.minute, *self.hour} - {REST}

    def weighs(self, shop: int) -> tuple[float, float, int]:
        """By what shops are ordered: what it used and wants now, then what it used within the hour."""
        waits, minute, hour = self.waiting.get(shop), self.minute.get(shop), self.hour.get(shop)
        now = (waits.seconds if waits else 0.0) + (minute.seconds if minute else 0.0)
        return now, hour.seconds if hour else 0.0, -shop


@dataclass(frozen=True, slots=True)
class WorkerNow:
    """What the scheduler does not know itself. Seconds of its clock; `since` is when the worker began.

    `may_start` is whether anything starts, `is_paused` whether the share's lane is paused.
    """

    now: float
    since: float
    slots: int
    may_start: bool
    is_paused: Callable[[Share], bool]


def snapshot_of(scheduler: Scheduler[Any], worker: WorkerNow) -> Fairness:
    """Return who waits for slots of this worker, how long, and why: the cost grows with the number of sources that wait.

    Only of shops that are told apart is it asked why they wait, and evenness counts the others as waiting for slots alone.
    """
    minute, hour = scheduler.usage.last_minute(worker.now), scheduler.usage.last_hour(worker.now)
    waiting, oldest = _waiting(scheduler)
    uses = _Uses(waiting, scheduler.workload.running_by_shop, minute.shops, hour.shops)
    most = heapq.nlargest(LISTED_SHOPS, uses.shops, key=uses.weighs)
    shops = tuple(_state(scheduler, worker, uses, [number], number) for number in most)
    others = uses.shops.difference(most)
    lived = max(1.0, worker.now - worker.since)
    return Fairness(
        worker.slots,
        worker.slots * min(max(1.0, worker.now - minute.began), lived),
        worker.slots * min(_HOUR, lived),
        tuple(_share(scheduler, share, worker, minute, oldest.get(share, worker.now)) for share in Share),
        shops,
        replace(_state(scheduler, worker, uses, [*others, REST], REST), shops=len(others)),
        _spread(scheduler, uses, shops, others),
    )


def why_waits(scheduler: Scheduler[Any], share: Share, source: Source, worker: WorkerNow) -> Hold:
    """Return why events of the source wait, the reason that somebody can do most about first."""
    limits, running = scheduler.pace.limits(source[0]), scheduler.workload.running_by_shop.get(source[0], 0)
    if limits.paused:
        return Hold.PAUSED
    if not worker.may_start:
        return Hold.HELD
    if worker.is_paused(share):
        return Hold.LANE
    if limits.slots is not None and running >= limits.slots:
        return Hold.CAP
    if limits.per_second is not None and not scheduler.may_start_by_rate(source[0], worker.now):
        return Hold.CAP
    if scheduler.pace.bounds.is_full(source, worker.now):
        return Hold.SOURCE
    return Hold.SLOTS if running >= most_of_a_shop(worker.slots) else Hold.OTHERS


def _share(scheduler: Scheduler[Any], share: Share, worker: WorkerNow, minute: Slice, oldest: float) -> ShareState:
    quiet = minute.quiet.get(share.value)
    return ShareState(
        share,
        scheduler.workload.queued(share),
        scheduler.workload.running_by_share[share],
        guaranteed_slots(share, worker.slots),
        _seconds(worker.now - oldest),
        _seconds(scheduler.workload.bound(share, worker.now)),
        *(() if quiet is None else (_seconds(quiet.longest), _seconds(quiet.bound), quiet.events, quiet.exceeded)),
    )


def _waiting(scheduler: Scheduler[Any]) -> tuple[dict[int, _Waiting], dict[Share, float]]:
    """Return what waits, by shop, and when the first of each share came."""
    found: dict[int, _Waiting] = {}
    oldest: dict[Share, float] = {}
    for share in Share:
        for source, count, came in scheduler.workload.waiting(share):
            of_shop = found.get(source[0])
            if of_shop is None:
                of_shop = found[source[0]] = _Waiting()
            of_shop.count += count
            of_shop.seconds += count * scheduler.workload.seconds_of(share, source)
            of_shop.came = min(of_shop.came, came)
            of_shop.sources.append((share, source, count))
            oldest[share] = min(oldest.get(share, came), came)
    return found, oldest


def _state(scheduler: Scheduler[Any], worker: WorkerNow, uses: _Uses, numbers: Iterable[int], shop: int) -> ShopState:
    """Return the state of a shop, or of several as one: of those it is not told why they wait."""
    waits = [uses.waiting[number] for number in numbers if number in uses.waiting]
    used = [uses.minute[number] for number in numbers if number in uses.minute]
    came = min((each.came for each in waits), default=math.inf)
    longest = max((each.longest for each in used), default=0.0)
    holds, host = (Counter[Hold](), None) if shop == REST else _holds(scheduler, worker, waits)
    return ShopState(
        shop,
        sum(each.count for each in waits),
        sum(uses.running.get(number, 0) for number in numbers),
        _seconds(sum(each.seconds for each in used)),
        _seconds(sum(uses.hour[number].seconds for number in numbers if number in uses.hour)),
        _seconds(sum(each.seconds for each in waits)),
        sum(each.events for each in used),
        _seconds(sum(each.waited for each in used)),
        _seconds(max(longest, worker.now - came)),
        1.0 if shop == REST else scheduler.pace.limits(shop).weight,
        dict(holds),
        host,
    )


def _holds(scheduler: Scheduler[Any], worker: WorkerNow, waits: Iterable[_Waiting]) -> tuple[Counter[Hold], str | None]:
    """Return how many events wait for which reason, and the image server that most of them wait for."""
    holds, hosts = Counter[Hold](), Counter[str]()
    for each in waits:
        for share, source, count in each.sources:
            hold = why_waits(scheduler, share, source, worker)
            holds[hold] += count
            if hold is Hold.SOURCE:
                hosts[source[1]] += count
    return holds, hosts.most_common(1)[0][0][:HOST_CHARACTERS] if hosts else None


def _spread(scheduler: Scheduler[Any], uses: _Uses, shops: Iterable[ShopState], others: Iterable[int]) -> Spread:
    competing = [shop.shop for shop in shops if shop.hold in _COMPETING] + [number for number in others if number in uses.waiting]
    return spread_of(
        found.seconds / scheduler.pace.limits(number).weight if (found := uses.minute.get(number)) else 0.0 for number in competing
    )


def _seconds(seconds: float) -> float:
    """Return a span to the millisecond: a clock that is read twice is no reason for a negative one."""
    return round(max(0.0, seconds), 3)
