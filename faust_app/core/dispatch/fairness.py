"""Who waits for slots, how long and why: what one worker knows, as JSON in its row, and the sum of several workers."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.usage import REST

LISTED_SHOPS: Final = 20
"""Shops that are told apart; the others are one figure, `rest`."""
MAX_BYTES: Final = 32_768
"""Longest JSON of a worker; what it writes has half of that at most."""
HOST_CHARACTERS: Final = 100

Count = Annotated[int, Field(ge=0, le=10**12)]
Seconds = Annotated[float, Field(ge=0, le=10**12, allow_inf_nan=False)]


class Hold(StrEnum):
    """Why events of a shop wait."""

    SOURCE = "source"  #: its image server, or servers like it, serve no more at once
    SLOTS = "slots"  #: the shop holds all the slots it may hold while others wait
    CAP = "cap"  #: an operator capped its slots or its images a minute
    PAUSED = "paused"  #: an operator paused the shop
    LANE = "lane"  #: an operator paused the lane
    HELD = "held"  #: the worker starts nothing: a dependency is unavailable, or its intake is stopped
    OTHERS = "others"  #: others want the slots too


@dataclass(frozen=True, slots=True)
class ShareState:
    """One share of the slots. Seconds; `wait_s` is the longest wait of quiet shops in the last minute, of `quiet` events.

    A quiet shop is one whose event was its only one when it came. `wait_bound_s` is the bound that held then, `bound_s` the one that
    holds now, and `exceeded` how many of those events waited longer than their bound.
    """

    share: Share
    waiting: Count
    running: Count
    guaranteed: Count
    oldest_s: Seconds
    bound_s: Seconds
    wait_s: Seconds = 0.0
    wait_bound_s: Seconds = 0.0
    quiet: Count = 0
    exceeded: Count = 0

    def plus(self, other: "ShareState") -> "ShareState":
        """Return the state of both workers together: counts are added, of spans the longest counts."""
        longest = max(self, other, key=lambda each: each.wait_s)
        return ShareState(
            self.share,
            self.waiting + other.waiting,
            self.running + other.running,
            self.guaranteed + other.guaranteed,
            max(self.oldest_s, other.oldest_s),
            max(self.bound_s, other.bound_s),
            longest.wait_s,
            longest.wait_bound_s,
            self.quiet + other.quiet,
            self.exceeded + other.exceeded,
        )


@dataclass(frozen=True, slots=True)
class ShopState:
    """One shop, or `shops` of them where `shop` is REST.

    `minute_s` and `hour_s` are seconds of slots that it got, `waiting_s` what its waiting events will take of them. `started` events
    of the last minute waited `waited_s` together; `longest_s` is the longest wait of these and of those that wait. `holds` counts the
    waiting events by why they wait; `host` is the image server that most of them wait for.
    """

    shop: Count
    waiting: Count = 0
    running: Count = 0
    minute_s: Seconds = 0.0
    hour_s: Seconds = 0.0
    waiting_s: Seconds = 0.0
    started: Count = 0
    waited_s: Seconds = 0.0
    longest_s: Seconds = 0.0
    weight: Seconds = 1.0
    holds: Annotated[Mapping[Hold, Count], Field(max_length=len(Hold))] = field(default_factory=dict)
    host: Annotated[str, Field(max_length=HOST_CHARACTERS)] | None = None
    shops: Count = 1

    @property
    def hold(self) -> Hold | None:
        """Why most of its events wait, None if none waits."""
        return max(self.holds, key=lambda hold: self.holds[hold]) if self.holds else None

    @property
    def limiting_server(self) -> str | None:
        """Its own image server, where that is what most of its events wait for."""
        return self.host if self.hold is Hold.SOURCE else None

    @property
    def mean_wait_s(self) -> float:
        """Mean wait of the events that started in the last minute."""
        return self.waited_s / self.started if self.started else 0.0

    @property
    def weighs(self) -> tuple[float, float]:
        """By what shops are ordered: what it used and wants now, then what it used within the hour."""
        return self.minute_s + self.waiting_s, self.hour_s

    def plus(self, other: "ShopState") -> "ShopState":
        """Return what both say of the shop, or of the shops of both."""
        by_source = max(self, other, key=lambda each: each.holds.get(Hold.SOURCE, 0) if each.host else -1)
        return ShopState(
            self.shop,
            self.waiting + other.waiting,
            self.running + other.running,
            self.minute_s + other.minute_s,
            self.hour_s + other.hour_s,
            self.waiting_s + other.waiting_s,
            self.started + other.started,
            self.waited_s + other.waited_s,
            max(self.longest_s, other.longest_s),
            self.weight,
            dict(Counter(self.holds) + Counter(other.holds)),
            by_source.host if self.shop != REST else None,
            self.shops + other.shops if self.shop == REST else 1,
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly shops are served that wait for slots alone: their number, the sum of what each got, and the sum of its squares."""

    shops: Count = 0
    total: Seconds = 0.0
    squares: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def jain(self) -> float | None:
        """Jain's index: 1 where all got alike, 1/n where one got all; None where nobody waits or nobody got anything."""
        return min(1.0, self.total**2 / (self.shops * self.squares)) if self.shops and self.squares else None


def spread_of(got: Iterable[float]) -> Spread:
    """Return how even these are."""
    values = list(got)
    return Spread(len(values), sum(values), sum(value * value for value in values))


@dataclass(frozen=True, slots=True)
class Fairness:
    """What `workers` know together. `minute_s` and `hour_s` are the seconds of slots that there were."""

    slots: Count
    minute_s: Seconds
    hour_s: Seconds
    shares: Annotated[tuple[ShareState, ...], Field(max_length=len(Share))]
    shops: Annotated[tuple[ShopState, ...], Field(max_length=LISTED_SHOPS)]
    rest: ShopState = ShopState(REST, shops=0)
    spread: Spread = Spread()
    workers: Count = 1

    @property
    def waiting(self) -> int:
        """Number of events that wait."""
        return sum(share.waiting for share in self.shares)

    @property
    def running(self) -> int:
        """Number of events that run."""
        return sum(share.running for share in self.shares)

    def got_minute(self, shop: ShopState) -> float:
        """Part of all slots that the shop got over the last minute."""
        return _part(shop.minute_s, self.minute_s)

    def got_hour(self, shop: ShopState) -> float:
        """Part of all slots that the shop got over the last hour."""
        return _part(shop.hour_s, self.hour_s)

    def wanted_minute(self, shop: ShopState) -> float:
        """Part of all slots that the shop could have used over the last minute: what it got, and what it waits for."""
        return _part(shop.minute_s + shop.waiting_s, self.minute_s)

    def wanted_hour(self, shop: ShopState) -> float:
        """Part of all slots that the shop could have used over the last hour."""
        return _part(shop.hour_s + shop.waiting_s, self.hour_s)

    def per_second(self, shop: ShopState) -> float:
        """Events of the shop that started in a second, over the last minute."""
        return shop.started * self.slots / self.minute_s if self.minute_s else 0.0

    def shop(self, number: int) -> ShopState | None:
        """Return the shop, None where it is not among those that are told apart."""
        return next((shop for shop in self.shops if shop.shop == number), None)


NOTHING: Final = Fairness(0, 0.0, 0.0, (), (), workers=0)


def listed(shops: Iterable[ShopState]) -> tuple[tuple[ShopState, ...], ShopState]:
    """Return the shops that used or want most, and the others as one."""
    known, rest = list[ShopState](), NOTHING.rest
    for shop in shops:
        if shop.shop == REST:
            rest = rest.plus(shop)
        else:
            known.append(shop)
    most = heapq.nlargest(LISTED_SHOPS, known, key=lambda shop: (*shop.weighs, -shop.shop))
    numbers = {shop.shop for shop in most}
    for shop in known:
        if shop.shop not in numbers:
            rest = rest.plus(shop)
    return tuple(most), rest


def sum_of(snapshots: Sequence[Fairness]) -> Fairness:
    """Return what several workers know together. A shop that is in the rest of two counts twice among its `shops`."""
    shares: dict[Share, ShareState] = {}
    shops: dict[int, ShopState] = {}
    for each in snapshots:
        for share in each.shares:
            shares[share.share] = shares[share.share].plus(share) if share.share in shares else share
        for shop in (*each.shops, each.rest):
            shops[shop.shop] = shops[shop.shop].plus(shop) if shop.shop in shops else shop
    most, rest = listed(shops.values())
    return Fairness(
        sum(each.slots for each in snapshots),
        sum(each.minute_s for each in snapshots),
        sum(each.hour_s for each in snapshots),
        tuple(shares[share] for share in Share if share in shares),
        most,
        rest,
        Spread(
            sum(each.spread.shops for each in snapshots),
            sum(each.spread.total for each in snapshots),
            sum(each.spread.squares for each in snapshots),
        ),
        sum(each.workers for each in snapshots),
    )


_JSON: Final = TypeAdapter(Fairness)


def fairness_text(fairness: Fairness) -> str:
    """Return the JSON of a worker's row, in ASCII."""
    return _JSON.dump_json(fairness, exclude_defaults=True, ensure_ascii=True).decode()


def parse_fairness(text: str) -> Fairness:
    """Return what a worker wrote. Raises ValueError for what no worker of this release writes."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"has more than {MAX_BYTES:,} bytes")
    try:
        return _JSON.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"does not say who waits: {error.error_count()} faults, the first: {error.errors()[0]['msg']}") from None


def _part(seconds: float, of: float) -> float:
    return min(1.0, seconds / of) if of else 0.0
