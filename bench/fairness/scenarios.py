"""The cases: who sends what through which entry point, beside twenty quiet shops.

A quiet shop sends single images by PUT. A burst comes as a platform would send it: as records of the topic `requests`, keyed by shop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Final

from bench.fairness.hosts import MILLISECONDS, Hosts
from bench.intake.requests_topic import Request

QUIET: Final = range(101, 121)
WARM_UP_SHOP: Final = 99
"""The shop whose images warm up the workers."""
QUIET_PER_SECOND: Final = 5.0
GIANT: Final = 1
MEDIUM: Final = 2
BURST: Final = 12_000
SLOW_SOURCE_MS: Final = 15_000
CROWD: Final = 16
LEAST_OF_CROWD: Final = 0.5
"""Least part of the images of (h): what a host serves is found in the first seconds, which must not be most of the case."""


@dataclass(frozen=True)
class Burst:
    """What happens beside the quiet shops.

    Waves of requests are sent one after another, each once the one before is taken in. `known` images of the giant are stored
    before it begins. With `seconds` it is observed for so long and not drained. `seconds_of` is the service of an image by its
    shop, MILLISECONDS where it is not named.
    """

    groups: Mapping[str, Sequence[int]]
    waves: Sequence[Sequence[Request]] = ()
    known: int = 0
    republish: bool = False
    kill_worker: bool = False
    seconds: float | None = None
    seconds_of: Mapping[int, float] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Number of requests in all waves."""
        return sum(map(len, self.waves))


Build = Callable[[Hosts, float], Burst]
"""Makes a burst, scaled by a factor."""


def one_giant(hosts: Hosts, factor: float) -> Burst:
    """Build (a): one shop registers 12,000 images at once, through the topic."""
    return Burst({"giant": [GIANT]}, [_registers(hosts, [GIANT], round(BURST * factor))])


def ten_shops(hosts: Hosts, factor: float) -> Burst:
    """Build (b): ten shops register 1,200 images each, through the topic."""
    return _many(hosts, "ten shops", range(1001, 1011), round(1200 * factor))


def hundred_shops(hosts: Hosts, factor: float) -> Burst:
    """Build (c): a hundred shops register 120 images each, through the topic."""
    return _many(hosts, "hundred shops", range(2001, 2101), round(120 * factor))


def medium_behind_giant(hosts: Hosts, factor: float) -> Burst:
    """Build (d): a shop registers 500 images when the giant's 12,000 are taken in, both through the topic."""
    giant, medium = _registers(hosts, [GIANT], round(BURST * factor)), _registers(hosts, [MEDIUM], round(500 * factor))
    return Burst({"giant": [GIANT], "medium": [MEDIUM]}, [giant, medium])


def slow_source(hosts: Hosts, factor: float) -> Burst:
    """Build (e): one shop registers 3,000 images, each of which its source answers in 15 s; observed for 90 s, through the topic."""
    requests = _registers(hosts, [GIANT], round(3000 * factor), lambda shop, number: hosts.flat(shop, number, SLOW_SOURCE_MS))
    return Burst({"slow shop": [GIANT]}, [requests], seconds=max(45.0, 90 * factor), seconds_of={GIANT: SLOW_SOURCE_MS / 1000})


def update_storm(hosts: Hosts, factor: float) -> Burst:
    """Build (f): 12,000 updates of one image, through the topic; all but the last are superseded."""
    updates = [_request(GIANT, "k1", hosts.flat(GIANT, 1_000_000 + number), "update") for number in range(round(BURST * factor))]
    return Burst({"updated shop": [GIANT]}, [updates], known=1)


def delete_storm(hosts: Hosts, factor: float) -> Burst:
    """Build (g): a shop registers 12,000 images and then deletes another 6,000 of its own, through the topic."""
    count = round(BURST / 2 * factor)
    deletes = [{"op": "delete", "shop_no": GIANT, "image_id": f"k{number}"} for number in range(1, count + 1)]
    return Burst({"giant": [GIANT]}, [_registers(hosts, [GIANT], round(BURST * factor)), deletes], known=count)


def crowded_source(hosts: Hosts, factor: float) -> Burst:
    """Build (h): 12,000 images at a source that serves 16 at a time in 200 ms and takes 2 s for those beyond, through the topic.

    At least half of them, whatever the factor.
    """
    count = round(BURST * max(factor, LEAST_OF_CROWD))
    requests = _registers(hosts, [GIANT], count, lambda shop, number: hosts.crowded(shop, number, CROWD))
    return Burst({"giant": [GIANT]}, [requests], seconds_of={GIANT: 0.2})


def thousands_of_shops(hosts: Hosts, factor: float) -> Burst:
    """Build (k): 5,000 shops register 3 images each, through the topic."""
    return _many(hosts, "5,000 shops", range(10_001, 10_001 + round(5000 * factor)), 3)


def one_partition(hosts: Hosts, factor: float) -> Burst:
    """Build (l): a shop updates 12,000 images that it has, through the topic: their events have one key, so they fill one partition."""
    count = round(BURST * factor)
    return Burst({"giant": [GIANT]}, [[_request(GIANT, f"k{n}", hosts.flat(GIANT, n), "update") for n in range(1, count + 1)]], known=count)


def killed_worker(hosts: Hosts, factor: float) -> Burst:
    """Build (m): as (a) on two workers, one of which is killed; observed from the end of the rebalance."""
    return Burst({"giant": [GIANT]}, [_registers(hosts, [GIANT], round(BURST * factor))], kill_worker=True)


def republish(_hosts: Hosts, factor: float) -> Burst:
    """Build (n): an operator republishes 12,000 good images of one shop, over HTTP."""
    return Burst({"republished": [GIANT]}, known=round(BURST * factor), republish=True)


CASES: Final[dict[str, tuple[str, Build]]] = {
    "a": ("one shop, 12,000 at once", one_giant),
    "b": ("10 shops, 1,200 each", ten_shops),
    "c": ("100 shops, 120 each", hundred_shops),
    "d": ("500 behind 12,000", medium_behind_giant),
    "e": ("3,000 images of 15 s each", slow_source),
    "f": ("12,000 updates of one image", update_storm),
    "g": ("6,000 deletes behind 12,000 registers", delete_storm),
    "h": ("12,000 at a source for 16 at a time", crowded_source),
    "k": ("5,000 shops, 3 each", thousands_of_shops),
    "l": ("12,000 in one partition", one_partition),
    "m": ("one of two workers killed", killed_worker),
    "n": ("12,000 republished", republish),
}
"""Every case by its letter: its title, and what builds it."""


def _many(hosts: Hosts, name: str, shops: Sequence[int], each: int) -> Burst:
    """Return shops that send at the same time: their records alternate."""
    lists = [_registers(hosts, [shop], each) for shop in shops]
    return Burst({name: shops}, [[request for request in chain.from_iterable(zip_longest(*lists)) if request is not None]])


def _registers(hosts: Hosts, shops: Sequence[int], each: int, url: Callable[[int, int], str] | None = None) -> list[Request]:
    make = url or hosts.flat
    return [_request(shop, f"i{number}", make(shop, number)) for shop in shops for number in range(each)]


def _request(shop: int, image_id: str, url: str, op: str = "register") -> Request:
    return {"op": op, "shop_no": shop, "image_id": image_id, "source_url": url}


def seconds_of(burst: Burst, shop: int) -> float:
    """Return the service of an image of the shop."""
    return burst.seconds_of.get(shop, MILLISECONDS / 1000)
