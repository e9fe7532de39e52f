"""Months of a shop's figures, and how a cache keeps them."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class, whatever its name
from typing import Final

from faust_app.core.statistics.calendar import month_of, months_later
from faust_app.core.statistics.figures import BUCKETS, COUNTS, NOTHING, Day, Source, Times, figures_of
from faust_app.core.statistics.load import Manifest, ShopRow


@dataclass(frozen=True)
class Block:
    """The figures of a shop in a month, by day of the month; a day without a row had none."""

    month: date
    rows: Mapping[int, ShopRow]

    @cached_property
    def whole(self) -> tuple[Day, ...]:
        """Every day of the month, with the bytes stored at its end: put together once for all reports. For a month that is loaded whole."""
        stored, days = self.rows[1].bytes_before if 1 in self.rows else 0, []
        for day in range(1, last_day_of(self.month).day + 1):
            figures = self.rows[day].figures if day in self.rows else NOTHING
            stored += figures.bytes_change
            days.append(Day(self.month.replace(day=day), Source.SETTLED, figures, stored))
        return tuple(days)


PLATFORM: Final = 0
"""In place of a shop's number: all shops together."""
_FIRST_TIME: Final = len(COUNTS) + 2
_ROW: Final = Struct(f"<{_FIRST_TIME + 3 + BUCKETS}q")
"""Day of the month, the figures, the bytes before, the times, their histogram."""


def last_day_of(month: date) -> date:
    """Return the last day of a month."""
    return months_later(month, 1) - timedelta(days=1)


@dataclass(frozen=True)
class Loads:
    """The load that counts of each day, and what follows from it for months."""

    manifest: Manifest

    @cached_property
    def versions(self) -> Mapping[date, str]:
        """What names the loads of a month: a hash of its days with number and time of their loads, which no other database has."""
        months: dict[date, list[str]] = {}
        for day, marker in sorted(self.manifest.items()):
            months.setdefault(month_of(day), []).append(f"{day} {marker.load_id} {marker.loaded_at}")
        return {month: sha256("\n".join(loads).encode()).hexdigest()[:16] for month, loads in months.items()}

    @cached_property
    def whole(self) -> frozenset[date]:
        """The months of which every day is loaded."""
        counts = Counter(map(month_of, self.manifest))
        return frozenset(month for month, count in counts.items() if count == last_day_of(month).day)


NO_LOADS: Final = Loads({})


def key_of(shop_no: int, month: date, version: str) -> str:
    """Return the name of a block in the cache; blocks of other versions are never asked for again."""
    return f"stats:1:daily:{month:%Y-%m}:{shop_no}:{version}"


def encoded(block: Block) -> bytes:
    """Return the block as bytes: a row of numbers for each day, compressed. Most of them are 0."""
    packed = (
        _ROW.pack(day, *row.values[1:], *row.figures.times.histogram)  # without the shop, which is in the key
        for day, row in sorted(block.rows.items())
    )
    return zlib.compress(b"".join(packed), 3)


def decoded(month: date, data: bytes) -> Block | None:
    """Return the block of bytes; None for what is no block of this release."""
    try:
        return Block(month, {values[0]: _row(values) for values in _ROW.iter_unpack(zlib.decompress(data))})
    except (zlib.error, StructError):
        return None


def _row(values: tuple[int, ...]) -> ShopRow:
    count, time_total, longest, *_ = times = values[_FIRST_TIME:]
    figures = figures_of(values[1 : len(COUNTS) + 1], Times(count, time_total, longest, times[3:]))
    return ShopRow(PLATFORM, figures, values[_FIRST_TIME - 1])


def blocks_of(rows: Sequence[tuple[date, int, ShopRow]], months: Sequence[date], manifest: Manifest) -> dict[date, Block]:
    """Return the blocks of months from the rows of all loads: of each day, the load that counts."""
    blocks: dict[date, dict[int, ShopRow]] = {month: {} for month in months}
    for day, load_id, row in rows:
        marker = manifest.get(day)
        if marker is not None and marker.load_id == load_id and day.replace(day=1) in blocks:
            blocks[day.replace(day=1)][day.day] = row
    return {month: Block(month, rows) for month, rows in blocks.items()}
