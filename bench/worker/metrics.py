"""What metrics cost: the time that a worker spends in them for an image, and a page of them after many shops.

The worker times its own calls (`bench.worker.timed_worker`), and the cost of timing is taken off both sides. A worker with metrics
beside one without would differ by less than two rounds of the same worker do.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.figures import spread
from bench.installation import DONE, Installation, cpu_seconds_of_family, installed
from bench.intake.catalogue import import_images
from bench.intake.requests_topic import TAKEN_IN, send
from bench.requests import answer_to, worker_request

SHOPS: Final = 50_000
ROUNDS: Final = 9
ROUND_IMAGES: Final = 1_500
_SPARE_ROUNDS: Final = 2
"""Of images, for the warm-up and so that the last round has as much work at hand as the first."""
_BYTES: Final = 100_000
_PAGES: Final = 50
_DELETED: Final = "SELECT COUNT(*) FROM image WHERE state = 'DELETED'"


@dataclass(frozen=True)
class RoundCost:
    """What an image cost in one round: calls of metrics, microseconds in them, microseconds of CPU with the children's."""

    calls: float
    metrics_us: float
    cpu_us: float

    @property
    def share(self) -> float:
        """The part of an image's CPU that is spent in metrics."""
        return self.metrics_us / self.cpu_us


@dataclass(frozen=True)
class MetricsFigures:
    """The cost of an image, round by round; seconds of the page, idle and busy, and its bytes."""

    rounds: tuple[RoundCost, ...]
    idle: tuple[float, ...]
    busy: tuple[float, ...]
    size: int


@dataclass(frozen=True)
class Reading:
    """Totals since the worker began, in nanoseconds; timing a call costs `timer` within the call's time, and `whole_timer` in all."""

    images: int
    cpu: float
    calls: int
    metrics: float
    timer: float
    whole_timer: float


def metrics(rounds: int = ROUNDS) -> None:
    """Measure what metrics cost an image, and how long a page of them takes after many shops."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:  # the level that costs least CPU, so that the share is the largest
        figures = measure_metrics(installation, rounds)
    costs = figures.rounds
    of_cpu, in_metrics, shares = ([getattr(cost, name) for cost in costs] for name in ("cpu_us", "metrics_us", "share"))
    table.add_row("CPU of an image, the children's included, median", f"{spread(of_cpu, ',.0f')} us", "")
    table.add_row(f"of it in metrics, {median(cost.calls for cost in costs):.1f} calls", f"{spread(in_metrics, '.1f')} us", "")
    table.add_row("the share of metrics", f"{spread(shares, '.2%')}, {len(costs)} rounds", "<= 3 %")
    for what, seconds, target in (("an idle", figures.idle, "< 20 ms"), ("a busy", figures.busy, "")):
        page = f"{median(seconds) * 1000:.1f} ms (slowest {max(seconds) * 1000:.1f} ms)"
        table.add_row(f"GET /metrics of {what} worker that met {SHOPS:,} shops, p50", page, target)
    table.add_row("the page", f"{figures.size / 1000:,.0f} kB", "")
    Console(width=150).print(table)


def measure_metrics(installation: Installation, rounds: int = ROUNDS) -> MetricsFigures:
    """Measure images by rounds, and the page after the worker has met the shops, while it works for them and once all is done."""
    import_images(installation, (rounds + _SPARE_ROUNDS) * ROUND_IMAGES, _BYTES)
    with installation.process("bench.worker.timed_worker") as process:
        installation.until(DONE, ROUND_IMAGES)  # warm-up: connections are open, code is loaded
        costs = tuple(_rounds(installation, process.pid, rounds))
        # Only now: each deletion is an event too, and would count as part of an image.
        asyncio.run(send(installation, [{"op": "delete", "shop_no": shop, "image_id": "a"} for shop in range(1, SHOPS + 1)]))
        installation.until(TAKEN_IN, SHOPS)
        busy, size = _page(installation)
        installation.until(_DELETED, SHOPS)
        idle, _ = _page(installation)
    return MetricsFigures(costs, idle, busy, size)


def _rounds(installation: Installation, pid: int, rounds: int) -> Iterator[RoundCost]:
    last = _read(installation, pid)
    for _ in range(rounds):
        installation.until(DONE, last.images + ROUND_IMAGES)
        now = _read(installation, pid)
        yield round_cost(last, now)
        last = now


def round_cost(last: Reading, now: Reading) -> RoundCost:
    """Return what an image cost between two readings, without what the timing cost."""
    images, calls = now.images - last.images, now.calls - last.calls
    metrics = now.metrics - last.metrics - calls * (last.timer + now.timer) / 2
    cpu = now.cpu - last.cpu - calls * (last.whole_timer + now.whole_timer) / 2
    return RoundCost(calls / images, metrics / images / 1e3, cpu / images / 1e3)


def _read(installation: Installation, pid: int) -> Reading:
    found = json.loads(answer_to(worker_request(installation, "/metric-cost")))
    images, cpu = installation.query(DONE), cpu_seconds_of_family(pid) * 1e9
    return Reading(images, cpu, found["calls"], found["ns"], found["timer_ns"], found["whole_timer_ns"])


def _page(installation: Installation) -> tuple[tuple[float, ...], int]:
    """Read the metrics again and again; return the seconds of each, and the bytes."""
    seconds, size = [], 0
    for _ in range(_PAGES):
        started = time.perf_counter()
        size = len(answer_to(worker_request(installation, "/metrics")))
        seconds.append(time.perf_counter() - started)
    return tuple(seconds), size
