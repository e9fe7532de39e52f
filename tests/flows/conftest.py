"""A worker over fakes, whose waits are too short to notice."""

from collections.abc import AsyncIterator

import pytest

from faust_app.flows.resilience import breakers
from tests.flows.worker_harness import WorkerHarness


@pytest.fixture
async def harness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerHarness]:
    monkeypatch.setattr(breakers, "probe_delay", lambda _: 0.001)
    harness = WorkerHarness()
    yield harness
    await harness.breakers.stop()
