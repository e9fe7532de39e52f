"""A worker over fakes, whose waits are too short to notice."""

from collections.abc import AsyncIterator

import pytest

from faust_app.flows.resilience import breakers
from tests.flows.worker_harness import WorkerBench


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerBench]:
    monkeypatch.setattr(breakers, "probe_delay", lambda _: 0.001)
    bench = WorkerBench()
    yield bench
    await bench.breakers.stop()
