"""The figures that a report can show: one column each, with its unit, its readers, and the list that its numbers open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faust_app.core.statistics.compare import share_of_change
from faust_app.core.statistics.figures import Figures
from faust_app.core.statistics.ledger import Kind
from faust_app.core.statistics.periods import Row
from faust_app.core.statistics.table import Before
from faust_app.web.reports.language import Language


class Unit(StrEnum):
    """What a column counts."""

    IMAGES = "images"
    BYTES = "bytes"
    MILLISECONDS = "ms"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure. `name` is its name in addresses and JSON.

    `adds_up` is whether periods add up, as what is stored at an end does not; `compares` whether a percentage says anything of it,
    as it does not of a number that may be negative.
    """

    name: str
    unit: Unit
    read: Callable[[Figures], int | None]
    for_operators: bool = False
    opens: Kind | None = None
    adds_up: bool = True
    compares: bool = True

    def of(self, row: Row | Before) -> int | None:
        """Return the value, None where it is not known."""
        if self is STORED:
            return row.bytes_stored
        return None if row.figures is None else self.read(row.figures)

    def change(self, row: Row, before: Before) -> float | None:
        """Return the change against what was before as a share of it; None where there is none, and of a row that is not complete."""
        if row.is_incomplete or not self.compares:  # less than all of it is no comparison
            return None
        return share_of_change(self.of(row), self.of(before))

    def title(self, language: Language) -> str:
        """Return what readers call it."""
        return language.text(f"figure.{self.name}")

    def shown(self, value: int | None, language: Language) -> str:
        """Return a value as people read it."""
        return _WRITTEN[self.unit](language, value)


_WRITTEN: Final[Mapping[Unit, Callable[[Language, int | None], str]]] = {
    Unit.IMAGES: Language.number,
    Unit.BYTES: Language.size,
    Unit.MILLISECONDS: Language.seconds,
}


def _counted(kind: Kind, *, for_operators: bool = False) -> Column:
    name = kind.value
    return Column(name, Unit.IMAGES, lambda figures: int(getattr(figures, name)), for_operators, kind)


def _time(name: str, share: float) -> Column:
    return Column(name, Unit.MILLISECONDS, lambda figures: figures.times.quantile(share), for_operators=True, adds_up=False)


STORED: Final = Column("bytes_stored", Unit.BYTES, lambda _: None, adds_up=False)
REGISTERED: Final = _counted(Kind.REGISTERED)
COLUMNS: Final = (
    REGISTERED,
    _counted(Kind.UPDATED),
    _counted(Kind.DELETED),
    _counted(Kind.FAILED),
    Column("bytes_in", Unit.BYTES, lambda figures: figures.bytes_in),
    STORED,
    _counted(Kind.FAILED_SHOP, for_operators=True),
    _counted(Kind.FAILED_SOURCE, for_operators=True),
    _counted(Kind.FAILED_OURS, for_operators=True),
    _counted(Kind.REPAIRED, for_operators=True),
    _counted(Kind.RETRIED, for_operators=True),
    _counted(Kind.RESCUED, for_operators=True),
    _counted(Kind.DEAD_LETTERED, for_operators=True),
    Column("bytes_change", Unit.BYTES, lambda figures: figures.bytes_change, for_operators=True, compares=False),
    _time("p50", 0.5),
    _time("p95", 0.95),
    _time("p99", 0.99),
)
"""Every column in its order. Shops see those that speak of what they asked for; the words of the trade are for operators."""


def columns_for(*, operators: bool) -> tuple[Column, ...]:
    """Return the columns of a view."""
    return tuple(column for column in COLUMNS if operators or not column.for_operators)
