"""The sender of alerts, ready to be told of something."""

import pytest

from tests.flows.alerts.sender_harness import Harness


@pytest.fixture
async def harness() -> Harness:
    """A sender whose digest of today is told: it is one o'clock there."""
    harness = Harness()
    await harness.sender.run_pass()
    assert harness.messenger.taken == []
    return harness
