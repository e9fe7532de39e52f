"""The figures of a shop over a range of days, with what is known about how final they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from faust_app.core.statistics.figures import COUNTS, Day, Figures, Source


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A month whose figures are final. `number` names them, from 1 on, one for each month that was closed."""

    month: date
    """Its first day."""
    number: int
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """A difference found, or applied, in a month that was closed: the day's totals over all shops, before and after, and why."""

    number: int
    day: date
    at: datetime
    before: Mapping[str, int]
    after: Mapping[str, int]
    reason: str
    applied: bool
    """Whether the figures shown are the ones after it; otherwise an operator has to decide."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the figures that differ."""
        return tuple(name for name in COUNTS if self.before.get(name, 0) != self.after.get(name, 0))


@dataclass(frozen=True, slots=True)
class ShopDays:
    """A shop's days from first to last without a gap. Times are UTC without a zone."""

    days: tuple[Day, ...]
    as_of: datetime
    """Until when the figures of today count."""
    closed: tuple[ClosedMonth, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def missing(self) -> tuple[date, ...]:
        """Days of which nothing is known at the moment."""
        return tuple(day.date for day in self.days if day.source is Source.MISSING)


@dataclass(frozen=True, slots=True)
class ShopTotal:
    """The figures of one shop over a range."""

    shop_no: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class PlatformDays:
    """The figures of all shops by day, and the shops with most images stored in the range."""

    days: tuple[Day, ...]
    as_of: datetime
    top: Sequence[ShopTotal] | None = field(default=())
    """None where the store did not answer."""
    closed: tuple[ClosedMonth, ...] = ()
    corrections: tuple[Correction, ...] = ()
