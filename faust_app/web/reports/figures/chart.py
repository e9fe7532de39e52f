"""Geometry of the chart: bars, a scale, labels, gaps, and the earlier values as lines; a template draws it as SVG.

Everything is in the units of the view box. Kinds of bars differ by pattern, so that nothing is told by colour alone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from faust_app.core.statistics.periods import Granularity

_STEPS: Final = (1, 2, 2.5, 5, 10)
_MOST_LABELS_OF_DAYS: Final = 62
"""With more days than this, the axis names months."""

_HALF_LABEL: Final = 24


@dataclass(frozen=True, slots=True)
class Size:
    """The view box, its margins, and how many labels fit."""

    name: str
    width: int
    height: int
    left: int
    labels: int
    ticks: int
    top: int = 12
    right: int = 8
    bottom: int = 28


WIDE: Final = Size("wide", 1000, 280, 64, labels=12, ticks=5)
NARROW: Final = Size("narrow", 400, 260, 52, labels=4, ticks=4)


@dataclass(frozen=True, slots=True)
class Value:
    """What a bar stands for: a period with its value, None where it is not known, and the earlier one."""

    first: date
    title: str
    value: int | None
    before: int | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, and the words for whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text of an axis, with where it stands on it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: `gaps` are the periods whose value is not known, `before` is the path of the earlier values."""

    size: Size
    whole: Sequence[Bar] = field(default_factory=list)
    partial: Sequence[Bar] = field(default_factory=list)
    gaps: Sequence[Bar] = field(default_factory=list)
    before: str = ""
    ticks: Sequence[Label] = field(default_factory=list)
    labels: Sequence[Label] = field(default_factory=list)
    zero: float = 0.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Writes what stands at the axes: a value, a period, and a month."""

    value: Callable[[int], str]
    period: Callable[[date], str]
    month: Callable[[date], str]


def scale(lowest: int, highest: int, ticks: int) -> list[int]:
    """Return round values from at or below the lowest to at or above the highest, zero among them; about as many as ticks."""
    low, high = min(lowest, 0), max(highest, 0)
    if low == high:
        high = 1
    rough = max((high - low) / ticks, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = max(1, round(next(each * power for each in _STEPS if each * power >= rough)))
    return list(range(math.floor(low / step) * step, math.ceil(high / step) * step + 1, step))


def draw(values: Sequence[Value], by: Granularity, axis: Axis, size: Size) -> Chart:
    """Return the chart of at least one value."""
    known = [number for each in values for number in (each.value, each.before) if number is not None]
    steps = scale(min(known, default=0), max(known, default=0), size.ticks)
    plot_height = size.height - size.top - size.bottom
    slot = (size.width - size.left - size.right) / len(values)
    width = max(min(slot * 0.82, 64.0), min(slot, 1.2))

    def y(number: int) -> float:
        return round(size.top + plot_height * (steps[-1] - number) / (steps[-1] - steps[0]), 1)

    whole, partial, gaps, before = list[Bar](), list[Bar](), list[Bar](), list[str]()
    for place, each in enumerate(values):
        x = round(size.left + place * slot + (slot - width) / 2, 2)
        if each.value is None:
            gaps.append(Bar(round(size.left + place * slot, 2), size.top, round(slot, 2), plot_height, each.title))
        else:
            top, foot = sorted((y(each.value), y(0)))
            (whole if each.is_whole else partial).append(Bar(x, top, round(width, 2), round(foot - top, 1), each.title))
        if each.before is not None:
            before.append(f"M{size.left + place * slot:.2f} {y(each.before)}h{slot:.2f}")
    return Chart(
        size, whole, partial, gaps, "".join(before),
        [Label(y(step), axis.value(step)) for step in steps],
        [Label(_inside(size.left + (place + 0.5) * slot, size), text) for place, text in _labels(values, by, axis, size.labels)],
        y(0),
    )  # fmt: skip


def _inside(x: float, size: Size) -> float:
    """Return where the middle of a label may stand, so that none is cut off at the right."""
    return round(min(x, size.width - _HALF_LABEL), 1)


def _labels(values: Sequence[Value], by: Granularity, axis: Axis, most: int) -> list[tuple[int, str]]:
    """Return which bars are named, by place, and how: few enough to stand side by side."""
    days = [(place, each.first) for place, each in enumerate(values)]
    name = axis.month if by is Granularity.MONTH else axis.period
    if by is Granularity.DAY and len(values) > _MOST_LABELS_OF_DAYS:
        days, name = [(place, day) for place, day in days if day.day == 1], axis.month
    step = math.ceil(len(days) / most)
    return [(place, name(day)) for place, day in days[:: step or 1]]
