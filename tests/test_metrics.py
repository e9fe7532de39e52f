"""What a process tells of itself, and what it costs to ask."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import aiohttp
import aiomysql
import pytest
from aiohttp import web
from prometheus_client import generate_latest

from faust_app.adapters.mariadb.database import Database
from faust_app.core.failure import Dependency, Unavailable
from faust_app.metrics import Metrics
from faust_app.metrics.loop_histogram import LoopHistogram
from faust_app.metrics.pools import watch_connector
from faust_app.settings import Settings
from faust_app.stream.loop_lag import LoopLag
from faust_app.stream.periodic import Periodic
from faust_app.wiring.metrics import open_metrics


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


BOUNDED = {"by",
    "credential", "code", "daily_job", "decision", "dependency", "end", "entry_point", "finding", "group", "kind", "operation", "page",
    "partition", "pool", "reason", "release", "severity", "share", "state", "status", "step", "table", "task", "token", "topic", "version",
}  # fmt: skip
"""Labels whose values the code or the installation bounds. `job` and `instance` are Prometheus' own."""


def test_neither_a_shop_nor_a_host_nor_an_image_is_a_label() -> None:
    metrics = Metrics()
    of_shops = metrics.shop_slot_seconds  # of the 20 that use most alone, which the tests of `ReportFairness` hold it to
    found = [metric for metric in vars(metrics).values() if metric is not of_shops]
    labels = {label for metric in found for label in getattr(metric, "_labelnames", ())}
    assert labels | {metric.label for metric in found if isinstance(metric, LoopHistogram) and metric.label} == BOUNDED


def test_memory_cpu_and_garbage_collector_are_told() -> None:
    page = generate_latest(Metrics().registry).decode()
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds", "python_gc_collections_total"):
        assert f"\n{name}" in page


def test_the_release_and_the_ends_of_credentials_are_told() -> None:
    settings = Settings(_env_file=None, release="r7", database_disk_bytes=10**12)
    metrics = open_metrics(settings, {"token shop": datetime(2026, 5, 1)})  # noqa: DTZ001 - UTC without a zone
    page = generate_latest(metrics.registry).decode()
    assert 'release="r7"' in page
    assert value(metrics, "shop_images_database_disk_bytes") == 10**12
    end = value(metrics, "shop_images_credential_expires_timestamp_seconds", credential="token shop")
    assert end == datetime(2026, 5, 1, tzinfo=UTC).timestamp()


def test_a_messenger_that_fails_is_failing_since_its_first_refusal() -> None:
    metrics, since = Metrics(), "shop_images_alert_failing_since_timestamp_seconds"
    metrics.count_message("failed", accepted=False)
    first = value(metrics, since)
    metrics.count_message("refused", accepted=False)
    assert first == value(metrics, since)
    assert first
    metrics.count_message("sent", accepted=True)
    assert value(metrics, since) == 0
    assert (value(metrics, "shop_images_alert_delivered_timestamp_seconds") or 0) >= first


async def test_a_periodic_task_tells_its_last_success_and_each_failure() -> None:
    metrics, ends = Metrics(), [None, Unavailable(Dependency.KAFKA, "It is away."), ValueError("ours")]

    async def body() -> None:
        end = ends.pop(0)
        if end is not None:
            raise end

    task = Periodic("lag", 0.0, body, metrics)
    for _ in range(3):
        await task._once()
    assert value(metrics, "shop_images_task_failures_total", task="lag", reason="unavailable") == 1
    assert value(metrics, "shop_images_task_failures_total", task="lag", reason="error") == 1
    assert value(metrics, "shop_images_task_succeeded_timestamp_seconds", task="lag")


async def test_the_event_loop_tells_how_late_it_is() -> None:
    metrics = Metrics()
    lag = LoopLag(metrics)
    await lag.start()
    await until(lambda: bool(value(metrics, "shop_images_event_loop_lag_seconds_count")))
    await lag.stop()


async def test_the_largest_lag_is_kept_until_it_is_taken() -> None:
    lag = LoopLag(Metrics())
    assert lag.take_largest(100.0) == 0.0
    for due, woke in ((101.0, 101.125), (102.0, 102.5), (103.0, 103.25)):
        lag._due = due
        lag._woke(woke)
    lag._due = 105.0
    assert (lag.take_largest(104.0), lag.take_largest(104.0)) == (0.5, 0.0)


async def test_a_sleep_that_should_be_over_counts_once_whether_it_is_taken_before_or_after() -> None:
    metrics = Metrics()
    lag = LoopLag(metrics)
    lag._due = 100.0
    assert lag.take_largest(3700.0) == 3600.0
    lag._woke(3700.125)
    lag._due = 3701.0
    assert lag.take_largest(3700.5) == 0.125
    assert value(metrics, "shop_images_event_loop_lag_seconds_sum") == 3600.125


async def test_a_pool_of_aiohttp_tells_who_uses_it_and_who_waits() -> None:
    metrics, served, go = Metrics(), asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        served.set()
        await go.wait()
        return web.Response()

    application = web.Application()
    application.router.add_get("/", slow)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

    def states() -> tuple[float | None, ...]:
        return tuple(value(metrics, "shop_images_pool_connections", pool="sources", state=state) for state in ("in_use", "idle", "waiting"))

    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector) as http:
        watch_connector(metrics, "sources", connector)
        assert (states(), value(metrics, "shop_images_pool_limit", pool="sources")) == ((0, 0, 0), 1)
        asked = [asyncio.create_task(_read(http, url)) for _ in range(3)]
        await served.wait()
        await until(lambda: states() == (1, 0, 2))
        go.set()
        await asyncio.gather(*asked)
        assert states() == (0, 1, 0)
    await runner.cleanup()


async def _read(http: aiohttp.ClientSession, url: str) -> None:
    async with http.get(url) as answer:
        await answer.read()


class FullPool:
    """A pool of the driver with one connection, which is taken."""

    maxsize, size, freesize = 1, 1, 0

    async def acquire(self) -> None:
        await asyncio.get_running_loop().create_future()


async def test_the_database_tells_who_waits_for_a_connection() -> None:
    metrics = Metrics()
    database = Database(cast("aiomysql.Pool", FullPool()), metrics)
    waiting = asyncio.create_task(database.rows("SELECT 1"))
    await until(lambda: value(metrics, "shop_images_pool_connections", pool="database", state="waiting") == 1)
    assert value(metrics, "shop_images_pool_connections", pool="database", state="in_use") == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert value(metrics, "shop_images_pool_connections", pool="database", state="waiting") == 0
