"""`shop-images shops`: what is set for which shop; each subcommand sets or lifts a control in every worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from getpass import getuser
from typing import Any

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import Report, hours_option, json_option, print_report, run, shop_number
from faust_app.core.dispatch.shop_controls import SCALES, ControlKind, ShopControl, shop_control_json
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls.shop_desk import ControlDraft, ControlRefusedError
from faust_app.settings import Settings
from faust_app.wiring.controls import shop_desk

_shop = click.argument("shop_no", metavar="SHOP", type=shop_number)
_OPTIONS = {"value": "VALUE", "reason": "--reason", "until": "--hours: the end"}


@dataclass(frozen=True, slots=True)
class ShopsReport:
    """The controls that hold, of all shops or, after a change, of one."""

    controls: Sequence[ShopControl]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"controls": [shop_control_json(control) for control in self.controls]}

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [control.sentence for control in self.controls] or ["nothing is set"]


def _setting(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        _shop,
        click.option("--reason", required=True, help="Whoever meets the control reads it."),
        hours_option("How long it holds; without it until it is lifted."),
        json_option,
        click.pass_obj,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _taken(kind: ControlKind) -> str:
    return f"VALUE is {SCALES[kind].range}."


@click.group("shops", invoke_without_command=True)
@json_option
@click.pass_context
def shops_command(context: click.Context, *, as_json: bool) -> None:
    """List the shops that are paused, weighed or capped; set or lift that in every worker."""
    if context.invoked_subcommand is None:
        print_report(run(_listed(context.obj)), as_json=as_json)


@shops_command.command("list")
@json_option
@click.pass_obj
def list_shops_command(settings: Settings, *, as_json: bool) -> None:
    """List the controls that hold."""
    print_report(run(_listed(settings)), as_json=as_json)


@shops_command.command("pause")
@_setting
def pause_shop_command(settings: Settings, shop_no: int, **options: Any) -> None:
    """Pause a shop: its images wait, and whatever it sends is refused."""
    _set(settings, shop_no, ControlKind.PAUSE, None, **options)


@shops_command.command("weight", epilog=_taken(ControlKind.WEIGHT))
@_setting
@click.argument("value", type=float)
def weight_command(settings: Settings, shop_no: int, value: float, **options: Any) -> None:
    """Weigh a shop VALUE times as much as any other without a weight."""
    _set(settings, shop_no, ControlKind.WEIGHT, value, **options)


@shops_command.command("slots", epilog=_taken(ControlKind.SLOTS))
@_setting
@click.argument("value", type=float)
def slots_command(settings: Settings, shop_no: int, value: float, **options: Any) -> None:
    """Cap the slots that a shop holds in each worker at VALUE."""
    _set(settings, shop_no, ControlKind.SLOTS, value, **options)


@shops_command.command("rate", epilog=_taken(ControlKind.RATE))
@_setting
@click.argument("value", type=float)
def rate_shop_command(settings: Settings, shop_no: int, value: float, **options: Any) -> None:
    """Start at most VALUE images of a shop a minute, in all workers together."""
    _set(settings, shop_no, ControlKind.RATE, value, **options)


@shops_command.command("resume")
@_shop
@json_option
@click.pass_obj
def resume_shop_command(settings: Settings, shop_no: int, *, as_json: bool) -> None:
    """Resume a paused shop; one that is not paused stays as it is."""
    print_report(run(_lifted(settings, shop_no, ControlKind.PAUSE)), as_json=as_json)


@shops_command.command("lift")
@_shop
@click.argument("kind", type=click.Choice([kind.value for kind in ControlKind]))
@json_option
@click.pass_obj
def lift_command(settings: Settings, shop_no: int, kind: str, *, as_json: bool) -> None:
    """Lift a control of a shop; where none holds nothing changes."""
    print_report(run(_lifted(settings, shop_no, ControlKind(kind))), as_json=as_json)


def _set(
    settings: Settings, shop_no: int, kind: ControlKind, value: float | None, *, reason: str, hours: timedelta | None, as_json: bool
) -> None:
    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            desk = shop_desk(database)
            await desk.set(shop_no, ControlDraft(kind, value, reason, hours), Actor(getuser()))
            return ShopsReport(await desk.controls(shop_no))

    try:
        print_report(run(work()), as_json=as_json)
    except ControlRefusedError as error:
        raise click.UsageError(f"{_OPTIONS[error.field]} {error}") from error


async def _lifted(settings: Settings, shop_no: int, kind: ControlKind) -> Report:
    async with Database.connect(settings.database, 1) as database:
        desk = shop_desk(database)
        await desk.lift(shop_no, kind, Actor(getuser()))
        return ShopsReport(await desk.controls(shop_no))


async def _listed(settings: Settings) -> Report:
    async with Database.connect(settings.database, 1) as database:
        return ShopsReport(await shop_desk(database).controls())
