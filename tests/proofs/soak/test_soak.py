"""The short form of `make soak`: workers and every service die under load while shops are paused and capped, and no promise is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.stack import Stack
from faust_app.core.dispatch.shop_controls import ControlKind
from faust_app.settings import Settings
from tests.proofs.soak.run import Plan, soak

SERVICES = ("kafka", "mariadb", "seaweedfs")


@pytest.mark.timeout(300)  # a minute of faults, and up to 150 s until breakers closed and everything is finished
async def test_twenty_killed_workers_and_each_service_killed_once_break_no_promise(
    install: Callable[..., Settings], stack: Stack, tmp_path: Path
) -> None:
    settings = install(session_timeout=6.0, collect_interval=2.0, rescue_interval=5.0)
    plan = Plan(kills=20, pause=1.5, other_pause=3.0, control_pause=1.0, images=400, rate=30.0, kinds=frozenset({"kill", *SERVICES}))
    report = await soak(plan, settings, stack, tmp_path, lambda _kills: None)
    assert report.ok, "\n".join(report.lines())
    assert report.faults["kill"] == plan.kills
    assert {f"control: {kind}" for kind in ControlKind} <= report.faults.keys(), report.faults
    assert all(report.faults[service] for service in SERVICES), report.faults
