"""`shop-images load-statistics`: loads days of the statistics now, with a progress bar."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import json_option, print_report, run
from faust_app.core.statistics.load import Loaded
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.core.text import counted
from faust_app.flows.statistics.load import DayLoad, LoadIncomplete, ZoneChanged
from faust_app.flows.statistics.load_range import LoadRange, RangeError
from faust_app.settings import Settings
from faust_app.wiring.statistics import daily_counts, open_store, statistics_loader


@dataclass(slots=True)
class LoadReport:
    """What became of each day."""

    days: list[DayLoad] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        counts = {outcome.value: sum(load.outcome is outcome for load in self.days) for outcome in Loaded}
        changed = {load.day.isoformat(): {"outcome": load.outcome.value, "change": load.change} for load in self.days if load.change}
        return {"days": len(self.days), **counts, "changed": changed}

    def lines(self) -> list[str]:
        """Return the report for people."""
        counts = [f"{n} {outcome.value}" for outcome in Loaded if (n := sum(load.outcome is outcome for load in self.days))]
        lines = [f"{counted(len(self.days), 'day')}: {', '.join(counts) or 'nothing to do'}"]
        lines += [f"{load.day}  {load.outcome.value}: {load.change}" for load in self.days if load.change]
        if any(load.outcome is Loaded.LISTED for load in self.days):
            lines.append("Days of closed months were not changed. To publish their figures, load them with --reason; each is listed.")
        return lines


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it like 2026-03-01") from None


@click.command("load-statistics")
@click.option("--date", "day", callback=_day, metavar="DAY", help="Load this day, like 2026-03-01, in the platform's zone.")
@click.option("--from", "first", callback=_day, metavar="DAY", help="Load the days from this one on.")
@click.option("--to", "last", callback=_day, metavar="DAY", help="Load the days up to this one.")
@click.option("--verify", is_flag=True, help="Count the days again and load those whose figures differ; without it every day is loaded.")
@click.option("--reason", help="Allow days of closed months to change; the reason is listed with each correction, where shops read it.")
@click.option(
    "--adjust-bytes", is_flag=True, help="Make the bytes stored by the history those of the rows, by a line for each shop that differs."
)
@json_option
@click.pass_context
def load_statistics_command(
    context: click.Context,
    *,
    day: date | None,
    first: date | None,
    last: date | None,
    verify: bool,
    reason: str | None,
    adjust_bytes: bool,
    as_json: bool,
) -> None:
    """Load days of the statistics from the history: without a range, those that are not loaded yet. Safe beside the process `stats`."""
    if day is not None and (first is not None or last is not None):
        raise click.UsageError("Give --date, or --from and --to")
    if adjust_bytes:
        print_report(run(_adjust(context.obj)), as_json=as_json)
        return
    if reason is not None and not reason.strip():
        raise click.UsageError("--reason needs a text: it is listed with each correction, and shops read it")
    try:
        report = run(_load(context.obj, (day or first, day or last), verify=verify, reason=reason))
    except RangeError as error:
        raise click.UsageError(str(error)) from error
    except ZoneChanged as error:
        raise click.UsageError(str(error)) from error
    except (StoreUnavailable, LoadIncomplete) as failure:
        click.echo(f"shop-images: {str(failure).rstrip('.')}; is the process `stats` up, and is CLICKHOUSE_URL right?", err=True)
        raise SystemExit(1) from failure
    print_report(report, as_json=as_json)
    if any(load.outcome is Loaded.LISTED for load in report.days):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class AdjustReport:
    """By how many bytes the history of each shop was adjusted."""

    shops: Mapping[int, int]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"shops": {str(shop_no): off for shop_no, off in self.shops.items()}}

    def lines(self) -> list[str]:
        """Return the report for people."""
        if not self.shops:
            return ["the history and the rows agree; nothing was adjusted"]
        return [f"shop {shop_no}: {off:+,} bytes" for shop_no, off in sorted(self.shops.items())]


async def _adjust(settings: Settings) -> AdjustReport:
    async with Database.connect(settings.database, 1) as database:
        return AdjustReport(await daily_counts(settings, database).adjust_to_rows())


async def _load(settings: Settings, span: tuple[date | None, date | None], *, verify: bool, reason: str | None) -> LoadReport:
    async with Database.connect(settings.database, 2) as database, open_store(settings, database) as store:
        loader = statistics_loader(settings, database, store)
        ranges = LoadRange(loader)
        await loader.prepare()
        asked = span != (None, None) or verify
        report = LoadReport()
        days = await ranges.days(*span) if asked else await loader.missing()
        while days:
            with _progress(len(days)) as advance:
                async for load in ranges.run(days, verify=verify, reason=reason):
                    report.days.append(load)
                    advance(load.day)
            days = [] if asked else await loader.missing()
        return report


@contextmanager
def _progress(days: int) -> Iterator["Advance"]:
    """Show a bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Advance(bars, days)


class Advance:
    """Advances the bar by a day."""

    def __init__(self, bars: Progress, days: int) -> None:
        self._bars = bars
        self._task = bars.add_task("loading", total=days)

    def __call__(self, day: date) -> None:
        """Say that the day is done."""
        self._bars.update(self._task, advance=1, description=day.isoformat())
