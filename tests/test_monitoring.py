"""Do dashboards, rules and pages name what the code has? Whether Prometheus understands them, `tests/prometheus` asks it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from devstack.grafana.__main__ import BOARDS
from devstack.grafana.board import to_json
from faust_app.core.alerts.alert import FaultKind
from faust_app.metrics import Metrics
from faust_app.metrics.loop_histogram import LoopHistogram
from tests.test_documented import anchors

CLONE = Path(__file__).parents[1]
DEPLOY = CLONE / "deploy"
RULES = DEPLOY / "prometheus" / "rules" / "shop-images.yml"
REPEATS = DEPLOY / "prometheus" / "repeats" / "shop-images.yml"
SCRAPED = {"job", "instance"}
"""Labels that Prometheus gives to everything it scrapes."""
WORDS = {"by", "and", "or", "on", "ignoring", "bool", "offset", "unless", "without", "group_left", "e", "inf", "nan"}
LIST = re.compile(r"\b(by|ignoring|on|without) \(([^)]*)\)")


def known_labels() -> dict[str, set[str]]:
    """Return the labels of every name that a query may use."""
    known: dict[str, set[str]] = {"up": set(SCRAPED)}
    metrics = Metrics()
    for family in metrics.registry.collect():
        for sample in family.samples:
            known.setdefault(sample.name, set(SCRAPED)).update(sample.labels)
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            ends = {Counter: ["_total"], Gauge: [""], Histogram: ["_bucket", "_sum", "_count"]}[type(metric)]
            for end in ends:
                known[metric._name + end] = {*SCRAPED, *metric._labelnames, *(["le"] if end == "_bucket" else [])}
        elif isinstance(metric, LoopHistogram):
            for end in ("_bucket", "_sum", "_count"):
                known[metric.name + end] = {*SCRAPED, *([metric.label] if metric.label else []), *(["le"] if end == "_bucket" else [])}
    return known


KNOWN = known_labels()


def rules(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str, str]]:
    """Yield where each query stands, the query, and what a line of it is called."""
    for name, board in BOARDS.items():
        for panel in board.panels:
            for query in panel.queries:
                yield f"{name}: {panel.title}", query.expr, query.legend
    for path in (RULES, REPEATS):
        for rule in rules(path):
            texts = " ".join([*rule["annotations"].values(), *rule["labels"].values()])
            yield rule["alert"], rule["expr"], texts.replace("$labels.", "")


def problems(expr: str, text: str) -> list[str]:
    """Return the names and labels of a query, and of the text about it, that nothing has."""
    listed = {label.strip() for _, labels in LIST.findall(expr) for label in labels.split(",") if label.strip()}
    kept = {label.strip() for word, labels in LIST.findall(expr) if word == "by" for label in labels.split(",")}
    bare = re.sub(r'"[^"]*"', '""', LIST.sub("", expr))
    names = {
        name
        for name in re.findall(r"(?<![\w$.])[a-zA-Z_]\w*(?![\w(])(?!\s*\()", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare))
        if name not in WORDS
    }
    found = [f"no metric {name}" for name in names if name not in KNOWN]
    has = {label for name in names for label in KNOWN.get(name, ())}
    found += [f"no label {label} in by or ignoring" for label in listed - has]
    for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", bare):
        found += [f"{name} has no label {label}" for label in re.findall(r"(\w+)\s*[=!]", matchers) if label not in KNOWN.get(name, ())]
    of_lines = kept or has
    return found + [f"a line has no label {label}" for label in re.findall(r"\{\{\s*\.?(\w+)\s*\}\}", text) if label not in of_lines]


@pytest.mark.parametrize(("place", "expr", "text"), list(queries()), ids=lambda value: value if len(value) < 60 else "")
def test_a_query_names_only_metrics_and_labels_that_there_are(place: str, expr: str, text: str) -> None:
    assert problems(expr, text) == [], f"{place}: {expr}"


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        ("sum(rate(shop_images_event_total[5m]))", ""),
        ("sum by (cod) (shop_images_failures_total)", ""),
        ('max(shop_images_unfinished{knd="failed"})', ""),
        ("sum by (code) (shop_images_failures_total)", "{{topic}}"),
        ("shop_images_lag / ignoring (stat) shop_images_lag", ""),
    ],
)
def test_a_query_with_a_wrong_name_is_found(expr: str, text: str) -> None:
    assert problems(expr, text) != []


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_the_file_that_its_description_makes(name: str) -> None:
    text = (DEPLOY / "grafana" / f"{name}.json").read_text()
    assert text == to_json(BOARDS[name]), "write it anew: .venv/bin/python -m devstack.grafana"


def test_dashboards_have_uids_units_and_say_what_to_do() -> None:
    boards = [json.loads((DEPLOY / "grafana" / f"{name}.json").read_text()) for name in BOARDS]
    assert len({board["uid"] for board in boards}) == len(BOARDS) == len(list((DEPLOY / "grafana").glob("*.json")))
    for board in boards:
        assert {variable["type"] for variable in board["templating"]["list"]} == {"datasource"}
        titles = [panel["title"] for panel in board["panels"]]
        assert len(titles) == len(set(titles))
        for panel in board["panels"]:
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["description"].endswith((".", "?")), panel["title"]
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


def test_every_metric_of_ours_is_on_a_dashboard() -> None:
    shown = " ".join(query.expr for board in BOARDS.values() for panel in board.panels for query in panel.queries)
    metrics = [metric._name for metric in vars(Metrics()).values() if isinstance(metric, Counter | Gauge | Histogram)]
    missing = {name for name in metrics if not re.search(rf"\b{name}(_total|_bucket|_count)?\b", shown)}
    assert missing == {"shop_images_alert_messenger"}, "a rule has it"


@pytest.mark.parametrize("rule", [*rules(RULES), *rules(REPEATS)], ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_leads_to_its_section(rule: dict[str, Any]) -> None:
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["labels"]["severity"] in {"page", "ticket"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (page, anchor) == ("docs/operating.md", rule["alert"].lower())
    assert anchor in anchors(CLONE / page)


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    sections = set(re.findall(r"^#+ (ShopImages\w+)$", (CLONE / "docs" / "operating.md").read_text(), re.MULTILINE))
    assert sections == {rule["alert"] for path in (RULES, REPEATS) for rule in rules(path)}


def test_what_repeats_an_alert_of_the_product_says_so_and_is_off() -> None:
    kinds = {kind.value for kind in FaultKind}
    assert all(set(rule["labels"]["repeats"].split()) <= kinds for rule in rules(REPEATS))
    assert not any("repeats" in rule["labels"] for rule in rules(RULES))
    loaded = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["rule_files"]
    assert loaded == ["rules/*.yml"]


def test_the_jobs_that_queries_name_are_scraped() -> None:
    jobs = {job["job_name"] for job in yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]}
    named = {job for _, expr, _ in queries() for job in re.findall(r'\bjob="([^"]+)"', expr)}
    assert named <= jobs == {"shop-images-worker", "shop-images-web", "shop-images-stats"}


def test_every_alert_is_made_to_fire_and_to_rest() -> None:
    tests = [test for path in sorted((DEPLOY / "prometheus" / "tests").glob("*.yml")) for test in yaml.safe_load(path.read_text())["tests"]]
    assert {test["name"].split()[0] for test in tests} == {rule["alert"] for path in (RULES, REPEATS) for rule in rules(path)}
    for test in tests:
        *rests, fires = [len(each["exp_samples"]) for each in test["promql_expr_test"]]
        assert (set(rests), fires) == ({0}, 1), test["name"]
        assert all(f'"{test["name"].split()[0]}"' in each["expr"] for each in test["promql_expr_test"])
