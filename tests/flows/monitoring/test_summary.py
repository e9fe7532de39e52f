"""One line tells what a worker did, and none that it rests."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from faust_app.flows.monitoring.summary import WorkSummary
from faust_app.metrics import Metrics


class Bench:
    """A summary whose clock, work and lag the test sets."""

    def __init__(self) -> None:
        self.metrics, self.now, self.running = Metrics(), 100.0, 0
        self.lag: Any = SimpleNamespace(report=None)
        self.summary = WorkSummary(self.metrics, cast("Any", self.lag), running=lambda: self.running, seconds=lambda: self.now)

    def ended(self, **ends: int) -> None:
        for end, count in ends.items():
            self.metrics.events.labels(end).inc(count)

    async def lines(self) -> list[dict[str, Any]]:
        self.now += 10
        with capture_logs() as lines:
            await self.summary.run_pass()
        return [dict(line) for line in lines]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_the_line_counts_what_happened_since_the_last_one(bench: Bench) -> None:
    bench.ended(stored=7, same_bytes=2, not_modified=1, failed=1, refetch_failed=1, retry=3, deleted=1, superseded=4)
    bench.running = 5
    bench.lag.report = SimpleNamespace(lag=120, lag_seconds=3.4)
    (line,) = await bench.lines()
    counts = {"stored": 7, "kept": 3, "failed": 2, "retried": 3, "deleted": 1, "others": 4}
    assert line == {
        "event": "images", "log_level": "info", **counts, "per_second": 2.0, "running": 5, "seconds": 10.0, "lag": 120, "lag_seconds": 3,
    }  # fmt: skip
    bench.ended(stored=1)
    (line,) = await bench.lines()
    assert (line["stored"], line["kept"], line["per_second"]) == (1, 0, 0.1)


async def test_a_worker_that_rests_writes_nothing(bench: Bench) -> None:
    assert await bench.lines() == []
    bench.running = 1
    assert len(await bench.lines()) == 1, "images that take long are seen too"
