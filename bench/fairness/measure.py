"""Waits, shares and indexes, computed from when each image was accepted and done. Pure; times are seconds of one clock."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 2.0
"""Seconds of one sample of the shares."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a shop; `done` is None while it is unfinished, `service` the seconds of its source."""

    shop: int
    accepted: float
    done: float | None
    service: float
    is_delete: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from acceptance to done. Those of the `unfinished` are counted up to the end of the observation: at least so long."""

    count: int
    p50: float
    p99: float
    longest: float
    unfinished: int

    def __str__(self) -> str:
        least = ">= " if self.unfinished else ""
        return f"{self.p50:.2f} / {self.p99:.2f} / {least}{self.longest:.2f}"


@dataclass(frozen=True, slots=True)
class Shares:
    """How the service given differs from equal shares of the shops with work.

    `error` is the part of all service that went to others than max-min fairness says; `jain` is Jain's index of got / wanted,
    1 when every shop got what it should, 1 / n when one of n got all.
    """

    error: float
    jain: float


def waits_of(images: Iterable[Image], until: float, since: float = -math.inf) -> Waits | None:
    """Return the waits of images, counted from `since` where they were accepted before; None without images."""
    known = list(images)
    waits = sorted((until if image.done is None else image.done) - max(image.accepted, since) for image in known)
    if not waits:
        return None
    return Waits(len(waits), quantile(waits, 0.5), quantile(waits, 0.99), waits[-1], sum(image.done is None for image in known))


def quantile(ordered: Sequence[float], part: float) -> float:
    """Return the value of ordered ones below which the part of them lies."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def max_min(demands: Mapping[int, float], total: float) -> dict[int, float]:
    """Return the max-min fair allocation of the total: nobody gets more than it demands, and what it leaves is shared by the others."""
    left, given = total, {}
    for rest, (shop, demand) in zip(range(len(demands), 0, -1), sorted(demands.items(), key=lambda item: item[1]), strict=True):
        given[shop] = min(demand, left / rest)
        left -= given[shop]
    return given


def shares_of(images: Sequence[Image], begin: float, end: float) -> Shares | None:
    """Return the shares between two times, weighted by service; None where two shops never had work at once.

    A shop's demand in a window is the service of the images that wait when it begins.
    """
    windows = [begin + WINDOW * number for number in range(int((end - begin) / WINDOW))]
    demands: list[defaultdict[int, float]] = [defaultdict(float) for _ in windows]
    given: list[defaultdict[int, float]] = [defaultdict(float) for _ in windows]
    for image in images:
        done = end if image.done is None else image.done
        for number in range(max(0, math.ceil((image.accepted - begin) / WINDOW)), min(len(windows), math.ceil((done - begin) / WINDOW))):
            start = windows[number]
            demands[number][image.shop] += min(image.service, WINDOW, done - start)
            if image.done is not None:
                given[number][image.shop] += max(0.0, min(start + WINDOW, done) - max(start, done - image.service))
    samples = [_sample(demand, got) for demand, got in zip(demands, given, strict=True) if len(demand) > 1 and sum(got.values()) > 0]
    weight = sum(total for total, _, _ in samples)
    if not weight:
        return None
    return Shares(sum(error for _, error, _ in samples) / weight, sum(total * jain for total, _, jain in samples) / weight)


def _sample(demands: Mapping[int, float], got: Mapping[int, float]) -> tuple[float, float, float]:
    """Return the service of one window, the service that went wrong, and Jain's index."""
    total = sum(got.values())
    wanted = max_min(demands, total)
    error = sum(max(0.0, want - got.get(shop, 0.0)) for shop, want in wanted.items())
    return total, error, jain([got.get(shop, 0.0) / want for shop, want in wanted.items() if want > 0])


def jain(values: Sequence[float]) -> float:
    """Return Jain's index: 1 for equal values, 1 / n when all is one's."""
    squares = len(values) * sum(value * value for value in values)
    return sum(values) ** 2 / squares if squares else 1.0


def rate_of(images: Iterable[Image]) -> float | None:
    """Return images a second between the first and the last tenth of those done; None where that says nothing."""
    done = sorted(image.done for image in images if image.done is not None)
    if len(done) < 10:  # noqa: PLR2004 - a tenth of them is none
        return None
    first, last = len(done) // 10, len(done) - 1 - len(done) // 10
    return (last - first) / max(done[last] - done[first], 1e-6)
