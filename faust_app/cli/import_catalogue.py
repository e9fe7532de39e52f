"""`shop-images import`: takes a catalogue file through the same intake as every other entry point."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from faust_app.adapters.files.catalogue import read_catalogue
from faust_app.adapters.mariadb.image_queries import MariaImageCounts
from faust_app.cli.command import existing_file, json_option, print_report, run, shop_number
from faust_app.core.failure import Unavailable
from faust_app.core.images.accept import Accepted, Superseded, Unchanged
from faust_app.core.images.row import ImageState
from faust_app.core.messages.catalogue import CatalogueError, CatalogueItem, Entry, Format, LineProblem
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.common import open_parts

BATCH: Final = 1000
_PUBLISH_BEHIND: Final = 5000
"""Rows queued for publishing at which reading pauses: past the queue's own bound, rows would wait for their lease."""
_PROBLEMS_SHOWN: Final = 20
"""Kinds of problems named at most; one that many lines share is named once, with its first line and their count."""
_POLL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The arguments of the command."""

    file: Path
    shop_no: int
    file_format: Format
    refetch: bool = False
    dry_run: bool = False
    wait: bool = False


@dataclass(slots=True)
class SharedProblem:
    """A problem that `count` lines of the file share; `line` is the first of them."""

    line: int
    field: str
    reason: str
    count: int = 1

    def __str__(self) -> str:
        """Return the problem for people, the line number first."""
        more = f" (and {self.count - 1:,} more like it)" if self.count > 1 else ""
        return f"{self.line}: {self.field}: {self.reason}{more}"


@dataclass(slots=True)
class ImportReport:
    """The result of an import. Counts are images, `seconds` is the whole duration; the last four need --wait."""

    dry_run: bool
    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0
    unsent: bool = False
    seconds: float = 0.0
    stored: int | None = None
    failed: int | None = None
    deleted: int | None = None
    bytes: int | None = None
    problems: dict[tuple[str, str], "SharedProblem"] = field(default_factory=dict)
    """What was rejected, by field and reason; at most `_PROBLEMS_SHOWN` kinds."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        names = ("dry_run", "accepted", "unchanged", "superseded", "rejected", "unsent", "stored", "failed", "deleted", "bytes")
        rates = {"seconds": round(self.seconds, 3), "images_per_s": round(self._per_second(), 1)}
        return {name: getattr(self, name) for name in names} | rates | {"problems": [asdict(each) for each in self.problems.values()]}

    def reject(self, problem: LineProblem) -> None:
        """Count a rejected line, together with those that share its problem."""
        self.rejected += 1
        kind = (problem.field, problem.reason)
        if kind in self.problems:
            self.problems[kind].count += 1
        elif len(self.problems) < _PROBLEMS_SHOWN:
            self.problems[kind] = SharedProblem(problem.line, problem.field, problem.reason)

    def lines(self) -> list[str]:
        """Return the report for people."""
        counts = [f"{self.accepted:,} images {'would be accepted' if self.dry_run else 'accepted'}"]
        counts += [f"{n:,} {name}" for name in ("unchanged", "superseded", "rejected") if (n := getattr(self, name))]
        if self.stored is not None:
            counts += [f"{self.stored:,} stored ({(self.bytes or 0) / 1e6:,.1f} MB)"]
            counts += [f"{n:,} {name}" for name in ("failed", "deleted") if (n := getattr(self, name))]
        rate = "" if self.dry_run else f" ({self._per_second():,.0f} images/s)"
        summary = f"{', '.join(counts)} in {self.seconds:,.1f} s{rate}"
        return [summary, "Kafka is unavailable: unsent events are published once it is back"] if self.unsent else [summary]

    def _per_second(self) -> float:
        done = self.stored if self.stored is not None else self.accepted + self.unchanged
        return done / self.seconds if self.seconds else 0.0


async def import_catalogue(
    options: ImportOptions, intake: Intake, publisher: Publisher, counts: MariaImageCounts, now: Callable[[], Awaitable[datetime]]
) -> ImportReport:
    """Accept the images of the file; with `wait`, return once each is finished.

    Raises CatalogueError for a file that cannot be read to its end (the message says how many images were accepted), and
    Unavailable when the database is unavailable. What was accepted stays accepted, and running it again continues.
    """
    started, since = time.monotonic(), await now()  # the database's clock, which also sets `requested_at`
    report = ImportReport(options.dry_run)
    with _progress() as progress:
        async with _publishing(publisher):
            await _take(options, intake, publisher, report, progress)
            await publisher.flush()
        report.unsent = publisher.unavailable
        if options.wait and not options.dry_run:
            await _wait(options, counts, since, report, progress)
    report.seconds = time.monotonic() - started
    _tell_problems(options.file, report)
    return report


async def _take(options: ImportOptions, intake: Intake, publisher: Publisher, report: ImportReport, progress: Progress) -> None:
    size = options.file.stat().st_size
    bar = progress.add_task(f"shop {options.shop_no}: reading", total=size)
    with options.file.open("rb") as stream:
        try:
            for batch, end in _batches(read_catalogue(stream, options.file_format, options.shop_no), report):
                await _accept(batch, intake, report, options)
                progress.update(bar, completed=end)
                if publisher.waiting > _PUBLISH_BEHIND:
                    await publisher.flush()
        except CatalogueError as error:
            taken = report.accepted + report.unchanged
            raise CatalogueError(error.line, f"{error.reason} ({taken:,} images before it were accepted)") from error
    progress.update(bar, completed=size)


def _batches(entries: Iterator[Entry], report: ImportReport) -> Iterator[tuple[list[ImageRequest], int]]:
    """Group the images for intake; rejected lines go into the report."""
    batch: list[ImageRequest] = []
    end = 0
    try:
        for entry in entries:
            if isinstance(entry, CatalogueItem):
                batch.append(entry.request)
                end = entry.end
                if len(batch) == BATCH:
                    yield batch, end
                    batch = []
            else:
                report.reject(entry)
    except CatalogueError:
        if batch:
            yield batch, end  # accept what could be read before giving up the file
        raise
    if batch:
        yield batch, end


async def _accept(batch: list[ImageRequest], intake: Intake, report: ImportReport, options: ImportOptions) -> None:
    only_changed = not options.refetch
    if options.dry_run:
        decisions = await intake.preview(batch, only_changed=only_changed)
    else:
        decisions = await intake.accept(batch, entry_point="import", only_changed=only_changed)
    for decision in decisions:
        match decision:
            case Accepted():
                report.accepted += 1
            case Unchanged():
                report.unchanged += 1
            case Superseded():
                report.superseded += 1


async def _wait(options: ImportOptions, counts: MariaImageCounts, since: datetime, report: ImportReport, progress: Progress) -> None:
    """Poll until nothing requested since `since` is in progress; wait out an outage of the database."""
    bar = progress.add_task(f"shop {options.shop_no}: storing", total=report.accepted)
    while True:
        try:
            found = {count.state: count for count in await counts.by_state(shop_no=options.shop_no, requested_since=since)}
        except Unavailable as failure:
            click.echo(f"waiting: {failure}", err=True)
            found = {}
        open_images = found[ImageState.IN_PROGRESS].images if ImageState.IN_PROGRESS in found else 0
        progress.update(bar, completed=sum(count.images for count in found.values()) - open_images)
        if (found and not open_images) or not report.accepted:
            break
        await asyncio.sleep(_POLL_SECONDS)
    done = found.get(ImageState.DONE)
    report.stored, report.bytes = (done.images, done.bytes) if done else (0, 0)
    report.failed = found[ImageState.FAILED].images if ImageState.FAILED in found else 0
    report.deleted = found[ImageState.DELETED].images if ImageState.DELETED in found else 0


@asynccontextmanager
async def _publishing(publisher: Publisher) -> AsyncIterator[None]:
    """Run the publisher beside the body."""
    task = asyncio.create_task(publisher.run(), name="publisher")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _progress() -> Progress:
    """Return a progress bar on standard error, shown only on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _tell_problems(file: Path, report: ImportReport) -> None:
    for problem in report.problems.values():
        click.echo(f"{file}:{problem}", err=True)
    unnamed = report.rejected - sum(problem.count for problem in report.problems.values())
    if unnamed:
        click.echo(f"and {unnamed:,} more of other kinds", err=True)


@click.command("import")
@click.argument("file", type=existing_file)
@click.option("--shop", "shop_no", type=shop_number, required=True, help="The shop that owns the images.")
@click.option("--format", "file_format", type=click.Choice(["woocommerce", "jsonl"]), required=True, help="Format of the file.")
@click.option("--refetch", is_flag=True, help="Also fetch images that are done or in progress with the same address.")
@click.option("--dry-run", is_flag=True, help="Read and report; change nothing.")
@click.option("--wait", is_flag=True, help="Wait until every image of the file is finished.")
@json_option
@click.pass_obj
def import_command(settings: Settings, /, *, file: Path, as_json: bool, **words: Any) -> None:
    """Import the images of a catalogue FILE; exit code 1 if a line is rejected. Run again, it continues and repeats nothing."""
    options = ImportOptions(file=file, **words)

    async def work() -> ImportReport:
        async with open_parts(settings, Metrics(), client_id=f"{settings.app_id}-import") as parts:
            counts = MariaImageCounts(parts.database)
            return await import_catalogue(options, parts.intake, parts.publisher, counts, parts.repository.now)

    try:
        report = run(work())
    except CatalogueError as error:
        click.echo(f"shop-images: {file}: {error}", err=True)
        raise SystemExit(2) from error
    print_report(report, as_json=as_json)
    if report.rejected:
        raise SystemExit(1)
