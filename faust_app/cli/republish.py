"""`shop-images republish`: plans, starts and controls republish runs, as the page and HTTP do."""

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from faust_app.adapters.kafka.offsets import KafkaConsumerOffsets
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.cli.command import Report, json_option, print_report, run, shop_number
from faust_app.core.iso_time import iso_time
from faust_app.core.messages.field_errors import problems
from faust_app.core.operators.audit import Actor
from faust_app.core.republish.report import WORDS, plan_lines
from faust_app.core.republish.run import ACTIVE, DEFAULT_RATE, MAX_RATE, MIN_RATE, Draft, Run, needs_typed_count
from faust_app.core.republish.selection import Override, SelectedState, Selection
from faust_app.flows.republish.control import Overview, Refused, RepublishControl, Unknown
from faust_app.settings import Settings
from faust_app.wiring.republish import republish_control, republish_runs

_POLL_SECONDS: Final = 1.0
_LISTED: Final = 20
NO_SUCH_RUN: Final = Unknown("There is no such run; `shop-images republish list` lists them.")
Act = Callable[[RepublishControl, Actor], Awaitable[Overview | Refused]]


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with the counts of its images."""

    overview: Overview

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        run, counts = self.overview.run, self.overview.counts
        return {
            "run": run.number,
            "status": run.status.value,
            "rate": run.rate,
            "images": counts.images,
            "shops": counts.shops,
            "outcome": {status.value: counts[status] for status in WORDS if counts[status]},
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        return plan_lines(self.overview.run, self.overview.counts)


@dataclass(frozen=True, slots=True)
class RunsReport:
    """The newest runs."""

    runs: list[Run]

    def as_json(self) -> dict[str, object]:
        """Return the runs as a JSON object."""
        listed = [
            {"run": each.number, "status": each.status.value, "planned_by": each.planned_by, "planned_at": iso_time(each.planned_at)}
            for each in self.runs
        ]
        return {"runs": listed}

    def lines(self) -> list[str]:
        """Return a line for each run."""
        lines = [f"{each.number:>6}  {each.status.value:<10}  {iso_time(each.planned_at)}  {each.planned_by}" for each in self.runs]
        return lines or ["no runs; `shop-images republish plan` makes one"]


@click.group("republish")
def republish_command() -> None:
    """Fetch many images again: plan, start, watch, pause, cancel."""


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--shop", "shops", type=shop_number, multiple=True, help="Only images of this shop; repeatable."),
        click.option("--state", "states", type=click.Choice(list(SelectedState)), multiple=True, help="Default: failed and lost."),
        click.option("--code", "codes", multiple=True, help="Only images that failed with this code; repeatable."),
        click.option("--host", "hosts", multiple=True, help="Only images fetched from this host; repeatable."),
        click.option("--cause", help="Only images of this cause, a fingerprint."),
        click.option("--judged-by", help="Only images whose last outcome this release wrote."),
        click.option("--since", type=click.DateTime(), help="Only images last changed at or after this time (UTC)."),
        click.option("--until", type=click.DateTime(), help="Only images last changed before this time (UTC)."),
        click.option("--product", "product_id", help="Only images of this product; needs one --shop."),
        click.option("--image", "images", multiple=True, help="Only this image, as SHOP:ID; repeatable."),
        click.option("--include-good", is_flag=True, help="Fetch images again that are fine today."),
        click.option("--override", "overrides", type=click.Choice(list(Override)), multiple=True, help="A reason to skip to set aside."),
    )
    for option in reversed(options):
        command = option(command)
    return command


_rate = click.option("--rate", type=click.FloatRange(MIN_RATE, MAX_RATE), default=DEFAULT_RATE, show_default=True, help="Images a second.")
_number = click.argument("number", type=click.IntRange(1))


@republish_command.command("plan")
@_filters
@_rate
@click.option("--reason", help="Why; kept in the audit, and required by --override.")
@json_option
@click.pass_obj
def plan_command(settings: Settings, /, *, rate: float, reason: str | None, as_json: bool, **filters: Any) -> None:
    """Say what a republish would do; no image changes."""
    draft = Draft(_selection(filters), rate, reason)
    print_report(RunReport(_act(settings, lambda control, actor: control.plan(draft, actor))), as_json=as_json)


@republish_command.command("start")
@_number
@click.option("--images", type=click.IntRange(0), help="The number of images the plan would publish again; asked for above 1,000.")
@click.option("--detach", is_flag=True, help="Return at once; the run goes on in the background either way.")
@json_option
@click.pass_obj
def start_command(settings: Settings, *, number: int, images: int | None, detach: bool, as_json: bool) -> None:
    """Start a plan, and show its progress; Ctrl-C ends the display, not the run."""
    typed = images if images is not None else _prompted(settings, number)

    async def work() -> Report:
        async with _opened(settings) as (control, actor):
            started = _done(await control.start(number, actor, typed=typed))
            return RunReport(started if detach else await _followed(control, started))

    print_report(run(work()), as_json=as_json)


@republish_command.command("show")
@_number
@json_option
@click.pass_obj
def show_command(settings: Settings, *, number: int, as_json: bool) -> None:
    """Show a run and what became of its images."""

    async def found(control: RepublishControl, _: Actor) -> Overview | Refused:
        return await control.overview(number) or NO_SUCH_RUN

    print_report(RunReport(_act(settings, found)), as_json=as_json)


@republish_command.command("list")
@json_option
@click.pass_obj
def list_command(settings: Settings, *, as_json: bool) -> None:
    """List the newest runs."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return RunsReport(await republish_runs(database).newest(None, _LISTED))

    print_report(run(work()), as_json=as_json)


@republish_command.command("pause")
@_number
@json_option
@click.pass_obj
def pause_command(settings: Settings, *, number: int, as_json: bool) -> None:
    """Begin no more images until the run is resumed."""
    print_report(RunReport(_act(settings, lambda control, actor: control.pause(number, actor))), as_json=as_json)


@republish_command.command("resume")
@_number
@json_option
@click.pass_obj
def resume_run_command(settings: Settings, *, number: int, as_json: bool) -> None:
    """Go on with a paused run."""
    print_report(RunReport(_act(settings, lambda control, actor: control.resume(number, actor))), as_json=as_json)


@republish_command.command("cancel")
@_number
@json_option
@click.pass_obj
def cancel_command(settings: Settings, *, number: int, as_json: bool) -> None:
    """Begin no more images, and take back those without an outcome."""
    print_report(RunReport(_act(settings, lambda control, actor: control.cancel(number, actor))), as_json=as_json)


@republish_command.command("rate")
@_number
@click.argument("rate", type=click.FloatRange(MIN_RATE, MAX_RATE))
@json_option
@click.pass_obj
def rate_command(settings: Settings, *, number: int, rate: float, as_json: bool) -> None:
    """Change the images a second that a run begins at most."""
    print_report(RunReport(_act(settings, lambda control, actor: control.set_rate(number, rate, actor))), as_json=as_json)


@republish_command.command("try")
@_number
@click.pass_obj
def try_command(settings: Settings, *, number: int) -> None:
    """Publish one image of a plan again, to see what becomes of it."""

    async def work() -> str:
        async with _opened(settings) as (control, actor):
            tried = await control.try_one(number, actor)
            if isinstance(tried, Refused):
                raise click.ClickException(tried.reason)
            return f"shop {tried[0]}, image {tried[1].decode()} is published again; `shop-images republish show {number}` says how it ends"

    click.echo(run(work()))


def _selection(filters: dict[str, Any]) -> Selection:
    given = {name: value for name, value in filters.items() if value not in (None, (), False)}
    for name in ("since", "until"):
        if name in given:
            given[name] = f"{given[name].isoformat()}Z"
    given["images"] = [_named(text) for text in given.get("images", ())]
    try:
        return Selection.model_validate_json(json.dumps(given))
    except ValidationError as error:
        field, reason = problems(error)[0]
        raise click.UsageError(f"{field}: {reason}") from error


def _named(text: str) -> dict[str, object]:
    shop_no, separator, image_id = text.partition(":")
    if not separator or not shop_no.isdecimal() or not image_id:
        raise click.UsageError("--image: must look like SHOP:ID, as 7:shoe-1")
    return {"shop_no": int(shop_no), "image_id": image_id}


def _act(settings: Settings, act: Act) -> Overview:
    async def work() -> Overview:
        async with _opened(settings) as (control, actor):
            return _done(await act(control, actor))

    return run(work())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[RepublishControl, Actor]]:
    topics = [spec.name for spec in settings.topics.images]
    connected = KafkaConsumerOffsets.connect(settings.kafka, settings.app_id, topics)
    async with Database.connect(settings.database, 2) as database, connected as offsets:
        yield republish_control(settings, database, offsets, Author(settings.release)), Actor(getpass.getuser())


def _done(result: Overview | Refused) -> Overview:
    if isinstance(result, Refused):
        raise click.ClickException(result.reason)
    return result


def _prompted(settings: Settings, number: int) -> int | None:
    """Prompt for the number of images if the run needs it; outside of the event loop, which Ctrl-C could not end."""

    async def found(control: RepublishControl, _: Actor) -> Overview | Refused:
        return await control.overview(number) or NO_SUCH_RUN

    overview = _act(settings, found)
    if not needs_typed_count(overview.counts):
        return None
    for line in plan_lines(overview.run, overview.counts):
        click.echo(line, err=True)
    return int(click.prompt("Type the number of images to start", type=int, err=True))


async def _followed(control: RepublishControl, started: Overview) -> Overview:
    """Show the progress of a run until it has ended."""
    found: Overview | None = started
    done = TextColumn("{task.completed:,.0f} of {task.total:,.0f}")
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"run {started.run.number}", total=started.counts.images)
        while found is not None and found.run.status in ACTIVE:
            progress.update(task, completed=found.counts.ended, total=found.counts.images, description=found.run.status.value)
            await asyncio.sleep(_POLL_SECONDS)
            found = await control.overview(started.run.number)
    return found or started
