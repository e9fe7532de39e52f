"""`python -m devstack.grafana.picture FOLDER [PROMETHEUS]` draws each dashboard's queries, as a Prometheus answers them, into a PNG.

Not what Grafana draws, and no replacement for it: it shows at the desk whether a query says something.
"""

import json
import math
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from devstack.grafana.__main__ import BOARDS
from devstack.grafana.board import Board, Panel

_SECONDS: Final = 900
_STEP: Final = 5
_UNIT_WIDTH: Final = 62
_ROW: Final = 250
_PAD: Final = 14
_LEGENDS: Final = 7
_COLORS: Final = ("#3274d9", "#e0752d", "#37872d", "#c4162a", "#8f3bb8", "#b58900", "#14808a", "#7a5c3e", "#d1498b", "#5c6773")
_FONT: Final = ImageFont.load_default(12)
_BOLD: Final = ImageFont.load_default(14)
_LARGE: Final = ImageFont.load_default(18)

Line = tuple[str, list[tuple[float, float]]]
"""What a line is called, and its points: seconds since 1970, and value."""


def draw(board: Board, prometheus: str, seconds: int = _SECONDS) -> Image.Image:
    """Return the picture of a dashboard over the last seconds. Raises OSError if the Prometheus does not answer."""
    places, x, y = [], 0, 0
    for panel in board.panels:
        if x + panel.width > 24:  # noqa: PLR2004 - Grafana's grid
            x, y = 0, y + 1
        places.append((panel, x, y))
        x += panel.width
    picture = Image.new("RGB", (24 * _UNIT_WIDTH, (y + 1) * _ROW + 40), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((_PAD, 12), board.title, "black", _BOLD)
    for panel, column, row in places:
        box = (column * _UNIT_WIDTH, row * _ROW + 40, (column + panel.width) * _UNIT_WIDTH, (row + 1) * _ROW + 40)
        _panel(pen, box, panel, _lines(panel, prometheus, seconds))
    return picture


def _lines(panel: Panel, prometheus: str, seconds: int) -> list[Line]:
    lines: list[Line] = []
    end = time.time()
    for query in panel.queries:
        asked = {"query": query.expr.replace("$__rate_interval", "30s"), "start": end - seconds, "end": end, "step": _STEP}
        url = f"{prometheus}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the address that was given
            result = json.load(answer)["data"]["result"]
        lines += [(_named(query.legend, each["metric"]), [(float(at), float(value)) for at, value in each["values"]]) for each in result]
    return [(name, [point for point in points if math.isfinite(point[1])]) for name, points in lines]


def _named(legend: str, labels: dict[str, Any]) -> str:
    for label, value in labels.items():
        legend = legend.replace("{{" + label + "}}", value)
    return legend or " ".join(labels.values()) or "value"


def _panel(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], panel: Panel, lines: list[Line]) -> None:
    left, top, right, bottom = box
    pen.rectangle((left + 3, top + 3, right - 3, bottom - 3), outline="#d0d0d0")
    pen.text((left + _PAD, top + 9), f"{panel.title}  [{panel.unit}]", "black", _BOLD)
    shown = [line for line in lines if line[1]]
    if not shown:
        pen.text((left + _PAD, top + 90), "no data", "#999999", _FONT)
        return
    ordered = sorted(shown, key=lambda line: line[1][-1][1], reverse=True)
    if panel.kind != "timeseries":
        for index, (name, points) in enumerate(ordered[:_LEGENDS]):
            pen.text((left + _PAD, top + 50 + 24 * index), f"{_short(points[-1][1])}  {name[:48]}", "black", _LARGE)
        return
    for index, (name, points) in enumerate(ordered[:_LEGENDS]):
        text = f"{name[:48]}  {_short(points[-1][1])}"
        pen.text((left + _PAD, bottom - 16 - 14 * (min(len(ordered), _LEGENDS) - index)), text, _COLORS[index % len(_COLORS)], _FONT)
    _curves(pen, (left + 70, top + 34, right - _PAD, bottom - 24 - 14 * min(len(ordered), _LEGENDS)), ordered)


def _curves(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], lines: list[Line]) -> None:
    left, top, right, bottom = box
    moments = [at for _, points in lines for at, _ in points]
    first, span = min(moments), max(max(moments) - min(moments), 1.0)
    highest = max(value for _, points in lines for _, value in points) or 1.0
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - top)
        pen.line((left, y, right, y), "#e8e8e8")
        pen.text((left - 60, y - 7), _short(share * highest), "#666666", _FONT)
    for index, (_, points) in reversed(list(enumerate(lines))):
        path = [(left + (at - first) / span * (right - left), bottom - max(value, 0.0) / highest * (bottom - top)) for at, value in points]
        color = _COLORS[index % len(_COLORS)]
        if len(path) > 1:
            pen.line(path, color, 2)
        else:
            pen.ellipse((path[0][0] - 2, path[0][1] - 2, path[0][0] + 2, path[0][1] + 2), color)


def _short(value: float) -> str:
    for factor, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g}{sign}"
    return f"{value:.3g}"


def main(folder: str, prometheus: str = "http://127.0.0.1:9090") -> None:
    """Write one picture for each dashboard."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, board in BOARDS.items():
        draw(board, prometheus).save(Path(folder) / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:3])
