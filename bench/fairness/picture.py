"""Draws how long each shop waits beside a giant, with fair shares and without: an SVG that is readable on light and dark pages."""

import math
from typing import Final

from bench.fairness.column import Column
from bench.fairness.measure import Waits
from bench.installation import CLONE

PICTURE: Final = CLONE / "docs" / "pictures" / "fairness.svg"
_WIDTH: Final = 760
_LEFT: Final = 110
_RIGHT: Final = 30
_TOP: Final = 84
_ROW: Final = 20
_TICKS: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #24292f } .quiet { fill: #57606a } .grid { stroke: #d0d7de }
.on { stroke: #0969da; fill: #0969da } .off { stroke: #bc4c00; fill: #bc4c00 } line.on, line.off { stroke-width: 3; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #3d444d }
  .on { stroke: #4493f8; fill: #4493f8 } .off { stroke: #f0883e; fill: #f0883e }
}
"""


def picture(on: Column, off: Column) -> str:
    """Return the picture of a case: each quiet shop's waits from the median to the longest, on a logarithmic scale of seconds."""
    shops = sorted({*on.by_shop, *off.by_shop})
    height = _TOP + _ROW * (len(shops) + 1) + 40
    rows = [
        part
        for number, shop in enumerate(shops)
        for part in _row(number, f"quiet shop {number + 1}", on.by_shop.get(shop), off.by_shop.get(shop))
    ]
    giants = [next(iter(column.groups.values()), None) for column in (on, off)]
    rows += _row(len(shops), "the giant", *giants)
    title = f"Seconds from acceptance to stored, while one shop sends {on.images:,} images at once"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">',
            f"<style>{_STYLE}</style>",
            f'<text x="12" y="24" style="font-size: 15px; font-weight: 600">{title}</text>',
            *_legend(on, off),
            *_grid(height),
            *rows,
            f'<text class="quiet" x="{_WIDTH - 12}" y="{_TOP - 14}" text-anchor="end">dot: the median; line: up to the longest</text>',
            "</svg>\n",
        ]
    )


def _legend(on: Column, off: Column) -> list[str]:
    parts = []
    for y, name, words, column in ((44, "on", "fair shares", on), (62, "off", "without", off)):
        text = f"{words}: the quiet shops wait {column.quiet.p50:.2f} s at the median, {column.quiet.p99:.2f} s at p99"
        parts += [
            f'<circle class="{name}" cx="18" cy="{y - 4}" r="4"/>',
            f'<text x="30" y="{y}">{text}</text>',
        ]
    return parts


def _grid(height: int) -> list[str]:
    bottom, parts = height - 30, []
    for tick in _TICKS:
        x = _x(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{bottom}"/>')
        parts.append(f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g} s</text>')
    return parts


def _row(number: int, name: str, on: Waits | None, off: Waits | None) -> list[str]:
    y = _TOP + number * _ROW
    parts = [f'<text class="quiet" x="{_LEFT - 10}" y="{y + 10}" text-anchor="end">{name}</text>']
    for kind, waits, offset in (("off", off, 9), ("on", on, 3)):
        if waits is not None:
            first, last = _x(waits.p50), _x(waits.longest)
            parts.append(f'<line class="{kind}" x1="{first:.1f}" x2="{last:.1f}" y1="{y + offset}" y2="{y + offset}"/>')
            parts.append(f'<circle class="{kind}" cx="{first:.1f}" cy="{y + offset}" r="4"/>')
    return parts


def _x(seconds: float) -> float:
    """Return where a wait stands; those beyond the scale stand at its ends."""
    low, high = math.log(_TICKS[0]), math.log(_TICKS[-1])
    part = (math.log(max(seconds, _TICKS[0])) - low) / (high - low)
    return _LEFT + min(1.0, part) * (_WIDTH - _LEFT - _RIGHT)
