"""`make soak`: the proof by killing, on a stack of its own. `python -m tests.proofs.soak --help` tells the options."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from devstack.ports import Ports
from devstack.stack import Stack
from faust_app.cli.setup import setup
from faust_app.settings import Settings
from tests.proofs.soak.faults import KINDS
from tests.proofs.soak.run import Plan, Report, soak

CLONE = Path(__file__).parents[3]


@click.command()
@click.option("--kills", type=click.IntRange(1), default=1000, show_default=True, help="How often a worker is killed.")
@click.option("--pause", type=float, default=3.0, show_default=True, help="Seconds between two kills.")
@click.option("--other-pause", type=float, default=20.0, show_default=True, help="Seconds between two other faults.")
@click.option("--control-pause", type=float, default=5.0, show_default=True, help="Seconds between two controls of shops.")
@click.option("--images", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--rate", type=float, default=40.0, show_default=True, help="Requests a second.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--only", "kinds", type=click.Choice(KINDS), multiple=True, help="Do these faults only; may be repeated.")
def main(**words: Any) -> None:
    """Kill until the number is reached, then ask the oracle; exit code 1 when a promise is broken."""
    kinds = words.pop("kinds") or KINDS
    plan = Plan(**words, kinds=frozenset(kinds))
    report = run(plan)
    click.echo("\n".join(report.lines()))
    sys.exit(0 if report.ok else 1)


def run(plan: Plan) -> Report:
    """Start a stack, run the plan on it, stop the stack; what the processes logged is kept when a promise is broken."""
    with TemporaryDirectory(prefix="shop-images-soak-") as name, Stack(Path(name) / "stack", Ports.free(), CLONE / ".devstack") as stack:
        environment = {key.lower(): value for key, value in stack.environment().items()}
        known: dict[str, Any] = {key: value for key, value in environment.items() if key in Settings.model_fields}
        settings = Settings(_env_file=None, **{**known, "session_timeout": "6", "collect_interval": "2", "rescue_interval": "5"})
        asyncio.run(setup(settings))
        report = asyncio.run(soak(plan, settings, stack, Path(name), _told(plan.kills)))
        if not report.ok:
            _keep_logs(Path(name))
    return report


def _told(kills: int) -> Callable[[int], None]:
    step = max(1, kills // 50)

    def told(count: int) -> None:
        if count % step == 0:
            click.echo(f"{count:,} of {kills:,} kills", err=True)

    return told


def _keep_logs(folder: Path) -> None:
    kept = CLONE / ".devstack" / "soak"
    kept.mkdir(parents=True, exist_ok=True)
    for log in [*folder.glob("*.log"), *folder.glob("*.jsonl")]:
        (kept / log.name).write_bytes(log.read_bytes())
    click.echo(f"logs and ledger: {kept}", err=True)


if __name__ == "__main__":
    main()
