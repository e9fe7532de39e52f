"""`shop-images import`: takes a catalogue file, with a progress bar."""

import getpass
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from faust_app.adapters.files.catalogue import CatalogueFile
from faust_app.adapters.mariadb.import_runs import MariaImportRuns
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.cli.command import existing_file, json_option, new_file, print_report, run, shop_number
from faust_app.cli.compare_catalogue import compare_file
from faust_app.core.failure import Unavailable
from faust_app.core.imports.catalogue import CatalogueError, Format
from faust_app.flows.imports.import_catalogue import ImportCatalogue, Importer, ImportOptions, ImportPaused, ImportResult, ImportTaken
from faust_app.flows.monitoring.fairness import WatchFairness
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.common import open_parts, utc_now
from faust_app.wiring.controls import shop_desk


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import, and how long it took."""

    result: ImportResult
    dry_run: bool
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object; the last four counts are null without --wait."""
        result = self.result
        ends = dict.fromkeys(("stored", "failed", "deleted", "bytes")) if result.finished is None else asdict(result.finished)
        counts = result.counts
        return {
            "dry_run": self.dry_run,
            "import": result.run,
            **{name: getattr(counts, name) for name in ("accepted", "unchanged", "superseded", "rejected")},
            "unsent": result.unsent,
            **ends,
            "seconds": round(self.seconds, 3),
            "images_per_s": round(self._per_second(), 1),
            "problems": [asdict(each) for each in result.problems.values()],
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        result, taken, finished = self.result, self.result.counts, self.result.finished
        counts = [f"{taken.accepted:,} images {'would be accepted' if self.dry_run else 'accepted'}"]
        counts += [f"{n:,} {name}" for name in ("unchanged", "superseded", "rejected") if (n := getattr(taken, name))]
        if finished is not None:
            counts += [f"{finished.stored:,} stored ({finished.bytes / 1e6:,.1f} MB)"]
            counts += [f"{n:,} {name}" for name in ("failed", "deleted") if (n := getattr(finished, name))]
        rate = "" if self.dry_run else f" ({self._per_second():,.0f} images/s)"
        summary = f"{', '.join(counts)} in {self.seconds:,.1f} s{rate}"
        continued = [f"continued after {result.continued_from:,} bytes that were taken before"] if result.continued_from else []
        unsent = ["Kafka is unavailable: unsent events are published once it is back"] if result.unsent else []
        return [*continued, summary, *unsent]

    def _per_second(self) -> float:
        result = self.result
        done = result.finished.stored if result.finished is not None else result.counts.taken
        return done / self.seconds if self.seconds else 0.0


class ProgressBars:
    """Implements `flows.ports.imports.ImportProgress` on standard error; the bars are shown on a terminal only."""

    def __init__(self, shop_no: int, size: int) -> None:
        console = Console(stderr=True)
        counts = (TextColumn("{task.description:<20}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
        left = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self.bars = Progress(*counts, *left, console=console, disable=not console.is_terminal, speed_estimate_period=60)
        self._shop_no = shop_no
        self._reading = self.bars.add_task(f"shop {shop_no}: reading", total=size)
        self._storing: TaskID | None = None

    def read(self, end: int) -> None:
        """Advance the first bar."""
        self.bars.update(self._reading, completed=end)

    def finished(self, images: int, of: int) -> None:
        """Show, and advance, the second bar."""
        if self._storing is None:
            self._storing = self.bars.add_task(f"shop {self._shop_no}: storing", total=of)
        self.bars.update(self._storing, completed=images)

    def limited_by(self, server: str) -> None:
        """Print the server as a line."""
        click.echo(f"shop {self._shop_no}: its own server {server} is the limit; more workers change nothing", err=True)

    def held_up(self, failure: Unavailable) -> None:
        """Print the reason as a line."""
        click.echo(f"waiting: {failure}", err=True)


async def import_file(settings: Settings, catalogue: CatalogueFile, options: ImportOptions) -> ImportReport:
    """Import a file into a whole installation, with a progress bar. Raises CatalogueError, ImportPaused and Unavailable."""
    progress = ProgressBars(catalogue.shop_no, catalogue.size)
    async with open_parts(settings, Metrics(), client_id=f"{settings.app_id}-import") as parts:
        started = time.monotonic()
        with progress.bars:
            importing = ImportCatalogue(
                parts.intake,
                parts.publisher,
                parts.repository,
                runs=MariaImportRuns(parts.database),
                leases=parts.leases,
                progress=progress,
                importer=Importer(getpass.getuser(), parts.process, settings.release),
                pause_of=shop_desk(parts.database).pause_of,
                limiting_server=WatchFairness(MariaWorkerList(parts.database), now=utc_now, seconds=time.monotonic).limiting_server,
            )
            result = await importing.run(catalogue, options)
        return ImportReport(result, options.dry_run, time.monotonic() - started)


def _print_problems(file: Path, result: ImportResult) -> None:
    for problem in result.problems.values():
        click.echo(f"{file}:{problem}", err=True)
    unnamed = result.counts.rejected - sum(problem.count for problem in result.problems.values())
    if unnamed:
        click.echo(f"and {unnamed:,} more of other kinds", err=True)


def _refuse_idle(options: dict[str, bool], *, compare: bool, csv_file: Path | None) -> None:
    """Raise UsageError for an option that would say nothing beside the others."""
    beside = next((name for name, given in options.items() if given), None)
    if compare and beside is not None:
        raise click.UsageError(f"--{beside.replace('_', '-')} has no meaning with --compare, which changes nothing")
    if csv_file is not None and not compare:
        raise click.UsageError("--csv needs --compare")


@click.command("import")
@click.argument("file", type=existing_file)
@click.option("--shop", "shop_no", type=shop_number, required=True, help="The shop that owns the images.")
@click.option("--format", "file_format", type=click.Choice(["woocommerce", "jsonl"]), required=True, help="Format of the file.")
@click.option("--refetch", is_flag=True, help="Also fetch images that are done or in progress with the same address.")
@click.option("--dry-run", is_flag=True, help="Read and report; change nothing.")
@click.option("--compare", is_flag=True, help="Say of each image of the file whether it is shown, and why not; change nothing.")
@click.option("--csv", "csv_file", type=new_file, help="With --compare: write every image to this CSV file.")
@click.option("--wait", is_flag=True, help="Wait until every image of the file is finished.")
@json_option
@click.pass_obj
def import_command(
    settings: Settings, /, *, file: Path, shop_no: int, file_format: Format, as_json: bool, compare: bool, csv_file: Path | None,
    **options: bool,
) -> None:  # fmt: skip
    """Import the images of a catalogue FILE; exit code 1 if a line is rejected or the shop is paused.

    Run again, it continues and repeats nothing.
    """
    catalogue = CatalogueFile(file, file_format, shop_no)
    _refuse_idle(options, compare=compare, csv_file=csv_file)
    try:
        if compare:
            print_report(run(compare_file(settings, catalogue, csv_file)), as_json=as_json)
            return
        report = run(import_file(settings, catalogue, ImportOptions(**options)))
    except CatalogueError as error:
        click.echo(f"shop-images: {file}: {error}", err=True)
        raise SystemExit(2) from error
    except ImportPaused as error:
        click.echo(f"shop-images: {file}: {error}", err=True)
        raise SystemExit(1) from error
    except ImportTaken as error:
        click.echo(
            f"shop-images: {file}: another process imports this file, or did until a moment ago; if it is gone, try again in half a minute",
            err=True,
        )
        raise SystemExit(1) from error
    _print_problems(file, report.result)
    print_report(report, as_json=as_json)
    if report.result.counts.rejected:
        raise SystemExit(1)
