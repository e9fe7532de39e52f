"""The months that the history is partitioned by."""

from dataclasses import dataclass
from datetime import date
from typing import Final

MONTHS_AHEAD: Final = 3


@dataclass(frozen=True, slots=True)
class Month:
    """A partition's name, and the first day that is no longer in it."""

    name: str
    end: date


def months_ahead(today: date, ahead: int = MONTHS_AHEAD) -> list[Month]:
    """Return this month and the next ones, oldest first."""
    return [_month(today.year * 12 + today.month - 1 + step) for step in range(ahead + 1)]


def _month(number: int) -> Month:
    year, month = divmod(number, 12)
    next_year, next_month = divmod(number + 1, 12)
    return Month(f"m{year}{month + 1:02d}", date(next_year, next_month + 1, 1))
