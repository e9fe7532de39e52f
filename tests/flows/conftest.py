"""A worker over fakes, whose waits are too short to notice."""

from collections.abc import AsyncIterator

import pytest

from faust_app.flows.resilience import breakers
from faust_app.logs import configure_structlog
from tests.flows.worker_harness import WorkerHarness


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """Log as the product does: structlog's own renderer takes a second for each traceback."""
    configure_structlog()


@pytest.fixture
async def harness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerHarness]:
    monkeypatch.setattr(breakers, "probe_delay", lambda _: 0.001)
    harness = WorkerHarness()
    yield harness
    await harness.breakers.stop()
