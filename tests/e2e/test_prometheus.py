"""A real Prometheus scrapes a running system, and every panel and every rule is evaluated on what it has."""

import asyncio
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from devstack.grafana.__main__ import BOARDS
from devstack.grafana.picture import draw
from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation, Process
from tests.prometheus.server import Prometheus, configured, needs_prometheus
from tests.test_monitoring import REPEATS, RULES, rules

pytestmark = needs_prometheus
SHOP = 15
WITHOUT_DATA = {
    "shop_images_credential_expires_timestamp_seconds": "no token or certificate of the test ends",
    "shop_images_rate_limited_total": "nobody sends more than TOKEN_RATE",
    "shop_images_storage_errors_total": "storage works",
    "shop_images_audit_findings_total": "the bucket has nothing that nobody knows",
    "shop_images_purged_rows_total": "nothing is past its retention",
    "shop_images_held_up": "nothing holds up a lane",
    "shop_images_alert_delivered_timestamp_seconds > 0": "no messenger is set",
}
"""What the running system has no data of, as it stands in queries, and why."""
SELECTOR = re.compile(r"\b(?:shop_images|process|python)_\w+(?:\{[^}]*\})?|\bup\{[^}]*\}")


@pytest.fixture
def watched(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    quick = install(snapshot_interval=1.0, retry_delays=(0.5, 0.5, 0.5), collect_interval=1.0, database_disk_bytes=10**12)
    installation = Installation(quick, stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


@pytest.fixture
def scraping(tmp_path: Path) -> Iterator[Callable[[Installation, Mapping[str, Process]], Prometheus]]:
    started: list[Prometheus] = []

    def start(installation: Installation, processes: Mapping[str, Process]) -> Prometheus:
        folder = tmp_path / "prometheus"
        folder.mkdir()
        targets = {f"shop-images-{name}": [f"127.0.0.1:{process.port}"] for name, process in processes.items()}
        started.append(Prometheus(configured(folder, targets, installation.stack.environment()["OPERATE_TOKEN"])))
        return started[0]

    yield start
    for each in started:
        each.close()


def panels() -> dict[str, str]:
    return {
        f"{name}: {panel.title}: {query.legend}": query.expr.replace("$__rate_interval", "30s")
        for name, board in BOARDS.items()
        for panel in board.panels
        for query in panel.queries
    }


def selectors() -> dict[str, str]:
    """Return every series that a rule looks at: a rule itself yields nothing while all is well."""
    return {
        f"{rule['alert']}: {selector}": selector
        for path in (RULES, REPEATS)
        for rule in rules(path)
        for selector in SELECTOR.findall(rule["expr"])
    }


def excused(expr: str) -> bool:
    return any(part in expr for part in WITHOUT_DATA)


async def wave(installation: Installation, number: int) -> None:
    """Send images that are stored, some of them by bulk, retried, deleted and failed, and a record that is none."""
    await installation.register_many(SHOP + number, 24, f"/flat/{number}{{n}}?bytes=5000")
    for n in range(3):
        await installation.put(SHOP + number, f"gone{n}", f"/status/410/{number}-{n}.jpg")
    await installation.put(SHOP + number, "page", "/broken/html/page.jpg")
    await installation.put(SHOP + number, "flaky", f"/flaky/1/{number}77")
    await installation.call("DELETE", f"/v1/shops/{SHOP + number}/images/i0")
    await installation.produce(installation.topics.bulk.name, b"no event")


async def test_every_panel_and_rule_has_data_of_a_running_system(
    watched: Installation, scraping: Callable[[Installation, Mapping[str, Process]], Prometheus]
) -> None:
    web, worker = await watched.start("one")
    stats = await watched.start_stats()
    prometheus = scraping(watched, {"web": web, "worker": worker, "stats": stats})
    await watched.until(lambda: prometheus.ready, "Prometheus ready")
    queries = {place: expr for place, expr in {**panels(), **selectors()}.items() if not excused(expr)}
    number = 0

    async def lacking() -> list[str]:
        values = {place: await asyncio.to_thread(prometheus.values, expr) for place, expr in queries.items()}
        return [place for place, found in values.items() if not found or all(map(math.isnan, found))]

    async def shown() -> bool:
        nonlocal number
        await wave(watched, number := number + 1)
        return not await lacking()

    try:
        await watched.until(shown, "every query has data")
    except AssertionError as error:
        raise AssertionError(f"without data: {await lacking()}") from error
    assert len(await asyncio.to_thread(prometheus.values, 'up{job=~"shop-images.*"} == 1')) == len(watched.processes)
    told = [rule for group in prometheus.ask("rules", type="alert")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule.get("lastError", "") for rule in told if rule["health"] != "ok"} == {}
    assert len(told) == len([*rules(RULES), *rules(REPEATS)])
    firing = {rule["name"] for rule in told if rule["state"] == "firing"}
    assert firing <= {"ShopImagesNoMessenger"}, watched._logs()
    for expr in {**panels(), **selectors()}.values():  # also what has no data is evaluated without an error
        prometheus.values(expr)
    drawn = await asyncio.to_thread(draw, BOARDS["lag"], prometheus.url, 60)
    blank = sum(count for count, color in drawn.getcolors(2**24) or () if color == (255, 255, 255))
    assert 0.9 < blank / (drawn.width * drawn.height) < 0.99, "lines and legends are drawn"


def test_each_excuse_is_needed_by_a_query() -> None:
    everything = [*panels().values(), *selectors().values()]
    assert [part for part in WITHOUT_DATA if not any(part in expr for expr in everything)] == []
