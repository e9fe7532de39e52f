"""Which monthly partitions the history needs, and which are to be dropped."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

MONTHS_AHEAD: Final = 3
_NAME: Final = re.compile(r"m\d{4}(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Month:
    """A partition's name, and the first day after it."""

    name: str
    end: date


def months_ahead(today: date, ahead: int = MONTHS_AHEAD) -> list[Month]:
    """Return this month and the next ones, oldest first."""
    return [_month(today.year * 12 + today.month - 1 + step) for step in range(ahead + 1)]


def months_missing(names: Iterable[str], today: date) -> list[Month]:
    """Return the months to split off the last partition: those ahead that are later than every existing one.

    A missing month before the newest one is left out: its rows belong to the partition that follows it.
    """
    newest = max((name for name in names if _NAME.fullmatch(name)), default="")
    return [month for month in months_ahead(today) if month.name > newest]


def months_over(names: Iterable[str], today: date, keep: int) -> list[str]:
    """Return the partitions to drop: those that ended `keep` months ago or more, oldest first.

    A name that is not a month's, like that of the last partition, is never returned.
    """
    this_month = today.year * 12 + today.month - 1
    months = {name: _number(name) for name in names if _NAME.fullmatch(name)}
    return sorted(name for name, number in months.items() if number + 1 + keep <= this_month)


def _number(name: str) -> int:
    return int(name[1:5]) * 12 + int(name[5:]) - 1


def _month(number: int) -> Month:
    year, month = divmod(number, 12)
    next_year, next_month = divmod(number + 1, 12)
    return Month(f"m{year}{month + 1:02d}", date(next_year, next_month + 1, 1))
