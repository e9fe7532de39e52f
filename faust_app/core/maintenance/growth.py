"""How large the tables are, and how much they grow a day: from two sizes and the time between them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.core.maintenance.jobs import FinishedRun
from faust_app.core.maintenance.retention import KEPT

COMPARED_AFTER: Final = timedelta(hours=12)
"""Sizes that are closer in time say little about a day."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """The rows and bytes of a table, both the database's estimates where counting would take long.

    `newest` is the highest id of a table whose rows are numbered and never deleted one by one.
    """

    table: str
    rows: int
    bytes: int
    newest: int | None = None


@dataclass(frozen=True, slots=True)
class TableGrowth:
    """A table's size, how long its rows are kept, and its growth a day; None while there is nothing to compare with."""

    size: TableSize
    kept: str
    rows_a_day: int | None
    bytes_a_day: int | None


def growth(sizes: Iterable[TableSize], now: datetime, before: FinishedRun | None) -> list[TableGrowth]:
    """Compare sizes at `now` (UTC) with those that an earlier run stored."""
    known = _known(before)
    days = 0.0 if before is None else (now - before.finished) / timedelta(days=1)
    return [_growth(size, known.get(size.table), days) for size in sizes]


def sizes_json(sizes: Sequence[TableSize]) -> dict[str, Any]:
    """Return the sizes as a run stores them."""
    return {size.table: {"rows": size.rows, "bytes": size.bytes, "newest": size.newest} for size in sizes}


def _growth(size: TableSize, before: Mapping[str, Any] | None, days: float) -> TableGrowth:
    kept = KEPT.get(size.table, "for ever")
    rows = None if before is None or days <= 0 else _rows_between(size, before)
    if rows is None:
        return TableGrowth(size, kept, None, None)
    return TableGrowth(size, kept, round(rows / days), round(rows / days * _bytes_a_row(size)))


def _rows_between(size: TableSize, before: Mapping[str, Any]) -> int | None:
    """Return by how many rows the table grew: by its ids, which are exact, where it has them."""
    field, then = ("rows", size.rows) if size.newest is None else ("newest", size.newest)
    known = before.get(field)
    return then - known if isinstance(known, int) else None


def _bytes_a_row(size: TableSize) -> float:
    return size.bytes / size.rows if size.rows else 0.0


def _known(before: FinishedRun | None) -> Mapping[str, Any]:
    tables = None if before is None else before.result.get("tables")
    return tables if isinstance(tables, Mapping) else {}
