"""The limits that the figures of each case must keep."""

from dataclasses import dataclass, replace
from typing import Final

from bench.fairness.column import Column

QUIET_SECONDS: Final = 1.0
SURVIVED_SECONDS: Final = 2.0
MEDIUM_SECONDS: Final = 20.0
ABOVE_IDEAL_SECONDS: Final = 10.0
CROWD_PER_SECOND: Final = 72.0
DEFERRALS: Final = 2.0
DRAIN_RATIO: Final = 1.1
_OTHERS_ONLY_SHOWN: Final = "dh"
"""Cases that are about the shops of the burst: the wait of the others has no limit in them."""
CHECKED: Final = "adehn"
"""The cases of `CHECK=1`."""


@dataclass(frozen=True)
class Number:
    """A measured figure beside its limit; `holds` is None where it could not be measured, or has no limit."""

    what: str
    measured: str
    target: str
    holds: bool | None


def numbers_of(letter: str, on: Column, off: Column) -> list[Number]:
    """Return the figures of a case with fair shares; those without are only compared with."""
    limit = SURVIVED_SECONDS if letter == "m" else QUIET_SECONDS
    others = _at_most("others, p99", on.quiet.p99, limit, "s")
    found = [replace(others, target="", holds=None) if letter in _OTHERS_ONLY_SHOWN else others]
    match letter:
        case "c":
            found.append(_at_most("their p99 above a perfect round robin", _above_ideal(on), ABOVE_IDEAL_SECONDS, "s"))
        case "d":
            found.append(_at_most("medium shop, p99", on.groups["medium"].p99, MEDIUM_SECONDS, "s"))
        case "h":
            found.append(_at_least("the giant's images a second", on.rate, CROWD_PER_SECOND))
            found.append(_at_most("deferrals an image", on.deferrals, DEFERRALS, ""))
    if on.bound is not None:
        found.append(Number("scheduler's bound, highest", f"{on.bound:.2f} s", "", None))
    return [*found, *_drain(on, off)]


def _drain(on: Column, off: Column) -> list[Number]:
    """Return how much longer the drain takes with fair shares; a burst that is not drained has no such figure."""
    if on.drain is None or off.drain is None:
        return []
    return [_at_most("drain, with / without", on.drain / off.drain, DRAIN_RATIO, "")]


def _above_ideal(on: Column) -> float | None:
    """Return how far the p99 of the burst's shops is above the ideal: each of them served evenly until the drain ends."""
    waits = max((each.p99 for each in on.groups.values()), default=None)
    return None if waits is None or on.drain is None else waits - 0.99 * on.drain


def _at_most(what: str, value: float | None, limit: float, unit: str) -> Number:
    return Number(what, _figure(value, unit), f"<= {limit:g} {unit}".rstrip(), None if value is None else value <= limit)


def _at_least(what: str, value: float | None, limit: float) -> Number:
    return Number(what, _figure(value, ""), f">= {limit:g}", None if value is None else value >= limit)


def _figure(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.2f} {unit}".rstrip()
