"""Months of a shop's figures as bytes, for a cache: the columns that hold anything, as JSON, compressed above a kilobyte."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from faust_app.core.statistics.calendar import days_between, months_later
from faust_app.core.statistics.figures import BUCKETS, COUNTS, Times, figures_of
from faust_app.core.statistics.load import Manifest, ShopRow

Block = Mapping[int, ShopRow]
"""The figures of a shop in a month, by day of the month; a day without a row had none."""

PLATFORM: Final = 0
"""In place of a shop's number: all shops together."""
_COMPRESSED: Final = b"z"
_PLAIN: Final = b"j"
_SMALL: Final = 1024
_TIMES: Final = ("count", "total", "longest")


def version_of(manifest: Manifest, month: date) -> str | None:
    """Return what changes whenever a day of the month is loaded, None where none is: the number of days and the newest load."""
    last = months_later(month, 1)
    loads = [marker.load_id for day, marker in manifest.items() if month <= day < last]
    return f"{len(loads)}-{max(loads)}" if loads else None


def key_of(shop_no: int, month: date, version: str) -> str:
    """Return the name of a block in the cache; blocks of other versions are never asked for again."""
    return f"stats:1:daily:{month:%Y-%m}:{shop_no}:{version}"


def encoded(block: Block) -> bytes:
    """Return the block as bytes."""
    days = sorted(block)
    rows = [block[day] for day in days]
    columns: dict[str, object] = {"days": days}
    for name in COUNTS:
        _add(columns, name, [getattr(row.figures, name) for row in rows])
    _add(columns, "before", [row.bytes_before for row in rows])
    for name in _TIMES:
        _add(columns, name, [getattr(row.figures.times, name) for row in rows])
    for bucket in range(BUCKETS):
        _add(columns, str(bucket), [row.figures.times.histogram[bucket] for row in rows])
    text = json.dumps(columns, separators=(",", ":")).encode()
    return _PLAIN + text if len(text) < _SMALL else _COMPRESSED + zlib.compress(text, 3)


def _add(columns: dict[str, object], name: str, values: Sequence[int]) -> None:
    if any(values):
        columns[name] = values


def decoded(data: bytes) -> Block | None:
    """Return the block of bytes; None for what is no block of this release."""
    try:
        text = zlib.decompress(data[1:]) if data[:1] == _COMPRESSED else data[1:]
        columns = json.loads(text)
        days: list[int] = columns["days"]
        none = [0] * len(days)
        counts = zip(*(columns.get(name, none) for name in COUNTS), strict=True)
        times = zip(*(columns.get(name, none) for name in _TIMES), strict=True)
        histograms = zip(*(columns.get(str(bucket), none) for bucket in range(BUCKETS)), strict=True)
        before = columns.get("before", none)
        return {
            day: ShopRow(PLATFORM, figures_of(count, Times(time[0], time[1], time[2], histogram)), stored)
            for day, count, time, histogram, stored in zip(days, counts, times, histograms, before, strict=True)
        }
    except (ValueError, KeyError, TypeError, zlib.error):
        return None


def blocks_of(rows: Sequence[tuple[date, int, ShopRow]], months: Sequence[date], manifest: Manifest) -> dict[date, Block]:
    """Return the blocks of months from the rows of all loads: of each day, the load that counts."""
    blocks: dict[date, dict[int, ShopRow]] = {month: {} for month in months}
    for day, load_id, row in rows:
        marker = manifest.get(day)
        if marker is not None and marker.load_id == load_id and day.replace(day=1) in blocks:
            blocks[day.replace(day=1)][day.day] = row
    return dict(blocks)


def last_day_of(month: date) -> date:
    """Return the last day of a month."""
    return days_between(month, months_later(month, 1))[-2]
