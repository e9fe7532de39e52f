"""A dashboard as its panels describe it, and the JSON that Grafana 10 or newer imports of it."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

_WIDTH: Final = 24
_HEIGHT: Final = 8
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_SCHEMA: Final = 39

Kind = Literal["timeseries", "stat", "table"]


@dataclass(frozen=True, slots=True)
class Query:
    """A query and what a line of it is called; `{{label}}` stands for a label."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: its unit as Grafana names it, and for whoever looks at it what to do. `width` is of 24."""

    title: str
    unit: str
    description: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    red_from: float | None = None
    """The value from which a single number is red."""


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; its uid stays when its title changes, so that links to it keep working."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]


def panel(title: str, unit: str, description: str, *queries: tuple[str, str] | str, kind: Kind = "timeseries", **options: Any) -> Panel:
    """Return a panel; a query is an expression, or one with its legend."""
    made = tuple(Query(each) if isinstance(each, str) else Query(*each) for each in queries)
    return Panel(title, unit, description, made, kind, **options)


def to_json(board: Board) -> str:
    """Return the file that Grafana imports."""
    variables = [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1, "hide": 0, "current": {}}
    ]
    dashboard = {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["shop-images"],
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "schemaVersion": _SCHEMA,
        "version": 1,
        "links": [{"type": "dashboards", "title": "shop-images", "tags": ["shop-images"], "asDropdown": True, "keepTime": True}],
        "templating": {"list": variables},
        "annotations": {"list": []},
        "panels": _placed(board),
    }
    return json.dumps(dashboard, indent=2) + "\n"


def _placed(board: Board) -> list[dict[str, Any]]:
    """Return the panels in rows from left to right."""
    placed, x, y = [], 0, 0
    for number, each in enumerate(board.panels, 1):
        if x + each.width > _WIDTH:
            x, y = 0, y + _HEIGHT
        placed.append(_panel(each, number, {"x": x, "y": y, "w": each.width, "h": _HEIGHT}))
        x += each.width
    return placed


def _panel(each: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    instant = each.kind != "timeseries"
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if each.red_from is not None:
        steps.append({"color": "red", "value": each.red_from})
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": _SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
            "format": "table" if each.kind == "table" else "time_series",
        }
        for index, query in enumerate(each.queries)
    ]
    return {
        "id": number,
        "type": each.kind,
        "title": each.title,
        "description": each.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": each.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": _options(each.kind),
        "targets": targets,
    }


def _options(kind: Kind) -> dict[str, Any]:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"], "values": False}, "colorMode": "value", "graphMode": "none"}
    return {}
