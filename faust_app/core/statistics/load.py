"""What a load of a day carries from the history into the store, and the totals that prove it arrived whole."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Self

from faust_app.core.statistics.calendar import days_between
from faust_app.core.statistics.figures import COUNTS, Figures

_HASHES: Final = 2**63
MOST_DAYS: Final = 40
"""Days that one pass loads at most: a store that was lost is rebuilt in some passes, newest days first."""
VERIFIED_DAYS: Final = 3
"""Newest days that are counted again each night."""


@dataclass(frozen=True, slots=True)
class ShopRow:
    """A shop's figures of one day. `bytes_before` is what was stored when the month began, on its first day; 0 on all others."""

    shop_no: int
    figures: Figures
    bytes_before: int = 0

    @property
    def values(self) -> tuple[int, ...]:
        """Every number of the row but those of the histogram."""
        times = self.figures.times
        counts = (getattr(self.figures, name) for name in COUNTS)
        return (self.shop_no, *counts, self.bytes_before, times.count, times.total, times.longest)


_SUMMED: Final = (*COUNTS, "bytes_before", "time_count", "time_total")


@dataclass(frozen=True, slots=True)
class Totals:
    """The control totals of a load: how many shops, each figure over all of them, and a hash of all rows in any order."""

    shops: int = 0
    sums: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_SUMMED, 0))
    rows_hash: int | None = None
    """None where a store counted: it cannot hash as we do."""

    def matches(self, counted: "Totals") -> bool:
        """Return whether the numbers are the same, and the hash too where both have one."""
        same = self.shops == counted.shops and dict(self.sums) == dict(counted.sums)
        return same and (None in (self.rows_hash, counted.rows_hash) or self.rows_hash == counted.rows_hash)

    def to_json(self) -> dict[str, Any]:
        """Return the totals as JSON."""
        return {"shops": self.shops, **self.sums, "rows_hash": self.rows_hash}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(int(values["shops"]), {name: int(values[name]) for name in _SUMMED}, values["rows_hash"])


def counted_totals(shops: int, sums: Sequence[int]) -> Totals:
    """Return the totals that a store counted, in the order of `SUMMED_COLUMNS`."""
    return Totals(shops, dict(zip(_SUMMED, map(int, sums), strict=True)))


SUMMED_COLUMNS: Final = (*COUNTS, "bytes_before", "lat_count", "lat_sum_ms")
"""The columns that control totals are made of, by their names in a store."""


def totals_of(rows: Iterable[ShopRow]) -> Totals:
    """Return the control totals of a day's rows."""
    sums, shops, rows_hash = [0] * len(_SUMMED), 0, 0
    for row in rows:
        shops += 1
        for place, value in enumerate(row.values[1:-1]):
            sums[place] += value
        rows_hash += zlib.crc32(repr((row.values, row.figures.times.histogram)).encode())
    return Totals(shops, dict(zip(_SUMMED, sums, strict=True)), rows_hash % _HASHES)


@dataclass(frozen=True, slots=True)
class Marker:
    """What makes a load the one that is read: written last, and the highest `load_id` of a day counts."""

    day: date
    load_id: int
    totals: Totals
    loaded_at: datetime


Manifest = Mapping[date, Marker]
"""The load that counts of each day; a day without one is not loaded."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A day as it was counted in one transaction. Of two snapshots, the one with the higher `load_id` is the newer."""

    day: date
    load_id: int
    rows: Sequence[ShopRow]
    totals: Totals


def days_to_load(manifest: Manifest, first: date, last: date) -> list[date]:
    """Return the days that are not loaded, newest first, at most MOST_DAYS."""
    missing = [day for day in reversed(days_between(first, last)) if day not in manifest]
    return missing[:MOST_DAYS]


def difference(before: Totals, after: Totals) -> str:
    """Return what differs between two totals, in one line; empty where only the distribution over shops differs."""
    names = {"shops": (before.shops, after.shops), **{name: (before.sums[name], after.sums[name]) for name in _SUMMED}}
    return ", ".join(f"{name} {was:,} -> {now:,}" for name, (was, now) in names.items() if was != now)


def change_of(before: Totals, after: Totals) -> str:
    """Return what changed between two totals, in one line; empty where nothing did."""
    if before.matches(after):
        return ""
    return difference(before, after) or "the same totals, spread over other shops"


class Loaded(StrEnum):
    """How the load of a day ends."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"  #: what is read already has the same figures
    LISTED = "listed"  #: its month is closed and the figures differ: a correction is listed, and nothing is changed


@dataclass(frozen=True, slots=True)
class Decision:
    """How a load ends, and whether a correction is listed with it."""

    outcome: Loaded
    corrects: bool = False


def decide(counted: Totals, published: Totals | None, closed: Totals | None, *, has_reason: bool, anew: bool) -> Decision:
    """Decide what becomes of a day that was counted; `published` is what is read, `closed` what its closed month says.

    A day that a store lost is published whatever it is: otherwise reports would count it from the history, with the same
    figures and without a correction.
    """
    corrects = closed is not None and not closed.matches(counted)
    if corrects and not has_reason and published is not None:
        return Decision(Loaded.LISTED, corrects=True)
    if published is not None and published.matches(counted) and not anew:
        return Decision(Loaded.UNCHANGED)
    return Decision(Loaded.PUBLISHED, corrects)


def firsts_after(manifest: Manifest, day: date) -> list[date]:
    """Return the loaded first days of the months after the day's: they carry what was stored before them."""
    return sorted(first for first in manifest if first.day == 1 and first > day and first.replace(day=1) != day.replace(day=1))
