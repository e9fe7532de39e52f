"""What is counted of a shop in a day, and how days add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Final

BUCKETS: Final = 24
"""Buckets of the histogram of times: bucket n counts 2^n to 2^(n+1) - 1 milliseconds, the first also 0, the last all above."""


@dataclass(frozen=True, slots=True)
class Times:
    """Times from request to done, in milliseconds, of the images that a shop asked for."""

    count: int = 0
    total: int = 0
    longest: int = 0
    histogram: tuple[int, ...] = (0,) * BUCKETS

    def __add__(self, other: "Times") -> "Times":
        return _total_times((self, other))

    def quantile(self, share: float) -> int | None:
        """Return the time below which this share of the images was done: the upper end of its bucket, None without images."""
        if not self.count:
            return None
        wanted, counted = share * self.count, 0
        for bucket, count in enumerate(self.histogram):
            counted += count
            if counted >= wanted and count:
                return min((2 << bucket) - 1, self.longest)
        return self.longest


NO_TIMES: Final = Times()


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of outcomes; all of them add up over days and over shops.

    `registered`, `updated`, `deleted` and `bytes_in` count what the shop asked for: a shop is billed by them. What operators
    repaired counts in `repaired` alone. A request that changed nothing counts nowhere.
    """

    registered: int = 0
    """Images shown that were not shown before."""
    updated: int = 0
    """Images shown in a new version."""
    deleted: int = 0
    """Images that were shown and are no longer."""
    repaired: int = 0
    """Images stored again by an operator or after a loss of the platform's."""
    failed_shop: int = 0
    """Images given up for what the shop sent: an address, a file."""
    failed_source: int = 0
    """Images given up because the server they come from did not deliver."""
    failed_ours: int = 0
    """Images given up through the platform's own fault."""
    retried: int = 0
    """Fetches that failed and were tried again."""
    dead_lettered: int = 0
    """Records in the dead-letter topic."""
    rescued: int = 0
    """Events that were lost and published again."""
    bytes_in: int = 0
    """Size of the images that were registered or updated."""
    bytes_change: int = 0
    """Stored bytes gained or lost, whoever asked; replaced files that wait for their deletion are not in it."""
    times: Times = field(default=NO_TIMES)

    @property
    def failed(self) -> int:
        """Images given up, whoever is to blame."""
        return self.failed_shop + self.failed_source + self.failed_ours

    def __add__(self, other: "Figures") -> "Figures":
        return total((self, other))


_NAMES: Final = tuple(each.name for each in fields(Figures))
NOTHING: Final = Figures()
COUNTS: Final = tuple(name for name in _NAMES if name != "times")
"""The names of the figures that are plain numbers."""


_NUMBERS: Final = attrgetter(*COUNTS)


def figures_of(counts: Sequence[int], times: Times = NO_TIMES) -> Figures:
    """Return the figures of numbers in the order of COUNTS."""
    return Figures(*counts, times)  # type: ignore[arg-type,call-arg]  # COUNTS are the fields before `times`


def total(figures: Iterable[Figures]) -> Figures:
    """Return the sum. Column by column: a report of 13 months adds 20,000 numbers, and adding objects would take most of its time."""
    added = list(figures)
    if len(added) == 1:
        return added[0]
    if not added:
        return NOTHING
    sums = map(sum, zip(*map(_NUMBERS, added), strict=True))
    return figures_of(list(sums), _total_times([each.times for each in added if each.times.count]))


def _total_times(times: Sequence[Times]) -> Times:
    if not times:
        return NO_TIMES
    return Times(
        sum(each.count for each in times),
        sum(each.total for each in times),
        max(each.longest for each in times),
        tuple(map(sum, zip(*(each.histogram for each in times), strict=True))),
    )


class Source(StrEnum):
    """Where a day's figures came from."""

    SETTLED = "settled"  #: loaded and checked
    LIVE = "live"  #: counted just now: the day is not over, or not loaded yet
    FALLBACK = "fallback"  #: loaded, but counted just now, for the statistics store did not answer
    MISSING = "missing"  #: not known at the moment


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a shop, in the platform's zone. `figures` and `bytes_stored` are None where the source is MISSING."""

    date: date
    source: Source
    figures: Figures | None = NOTHING
    bytes_stored: int | None = 0
    """Bytes stored at the end of the day."""
