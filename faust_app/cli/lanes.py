"""`shop-images lanes`: which lanes are paused; `pause` and `resume` work on every worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from getpass import getuser

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import Report, hours_option, json_option, print_report, run
from faust_app.core.dispatch.lanes import Lane, LanePause, lane_json
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls.lane_desk import PauseRefusedError
from faust_app.settings import Settings
from faust_app.wiring.controls import lane_desk

_lane = click.argument("lane", type=click.Choice([lane.value for lane in Lane]))


@dataclass(frozen=True, slots=True)
class LanesReport:
    """The lanes, each with its pause where it has one."""

    pauses: Mapping[Lane, LanePause]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"lanes": [lane_json(lane, self.pauses.get(lane)) for lane in Lane]}

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [self.pauses[lane].sentence if lane in self.pauses else f"the lane {lane} runs" for lane in Lane]


@click.group("lanes", invoke_without_command=True)
@json_option
@click.pass_context
def lanes_command(context: click.Context, *, as_json: bool) -> None:
    """List the lanes and who paused them; pause one in every worker, or resume it."""
    if context.invoked_subcommand is None:
        print_report(run(_listed(context.obj)), as_json=as_json)


@lanes_command.command("pause")
@_lane
@click.option("--reason", required=True, help="Whoever meets the pause reads it.")
@hours_option("How long it lasts; without it until the lane is resumed.")
@json_option
@click.pass_obj
def pause_command(settings: Settings, lane: str, *, reason: str, hours: timedelta | None, as_json: bool) -> None:
    """Pause a lane in every worker: its events wait."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            desk = lane_desk(database)
            await desk.pause(Lane(lane), reason, hours, _actor())
            return LanesReport(await desk.pauses())

    try:
        print_report(run(work()), as_json=as_json)
    except PauseRefusedError as error:
        raise click.UsageError(f"--{'hours' if error.field == 'for' else error.field} {error}") from error


@lanes_command.command("resume")
@_lane
@json_option
@click.pass_obj
def resume_lane_command(settings: Settings, lane: str, *, as_json: bool) -> None:
    """Resume a lane in every worker; one that is not paused stays as it is."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            desk = lane_desk(database)
            await desk.resume(Lane(lane), _actor())
            return LanesReport(await desk.pauses())

    print_report(run(work()), as_json=as_json)


async def _listed(settings: Settings) -> Report:
    async with Database.connect(settings.database, 1) as database:
        return LanesReport(await lane_desk(database).pauses())


def _actor() -> Actor:
    return Actor(getuser())
