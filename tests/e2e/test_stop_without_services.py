"""A worker stops although every service that it would say goodbye to is gone."""

import signal
from pathlib import Path

import pytest

from devstack.ports import Ports
from devstack.stack import Stack
from faust_app.cli.setup import setup
from faust_app.settings import Settings
from faust_app.wiring.startup import STOP_SECONDS
from tests.e2e.installation import CLONE, Installation


@pytest.mark.proof
async def test_a_worker_ends_in_time_while_all_services_are_gone(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack", Ports.free(), CLONE / ".devstack") as stack:
        known = {name.lower(): value for name, value in stack.environment().items()}
        settings = Settings(_env_file=None, **{name: value for name, value in known.items() if name in Settings.model_fields})  # type: ignore[arg-type]
        await setup(settings)
        installation = Installation(settings, stack, tmp_path)
        worker = await installation.start_worker()
    try:
        await installation.until(lambda: "probe failed" in worker.log.read_text(), "the worker knows that they are gone")
        worker.signal(signal.SIGTERM)
        await installation.until(lambda: not worker.alive, "the worker has ended", limit=2 * STOP_SECONDS)
    finally:
        installation.close()
