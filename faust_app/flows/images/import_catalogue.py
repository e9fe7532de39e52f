"""Takes a catalogue file through the same intake as every other entry point, and may wait for its images."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, assert_never

from faust_app.core.failure import Unavailable
from faust_app.core.images.request_rules import Accepted, Decision, Superseded, Unchanged
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.messages.catalogue import CatalogueError, CatalogueItem, Entry, LineProblem
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.flows.ports.catalogue import Catalogue, ImportProgress
from faust_app.flows.ports.images import ImageRepository

BATCH: Final = 1000
"""Images per transaction of intake, and per look at those that are waited for."""
PROBLEMS_NAMED: Final = 20
"""Kinds of problems named at most; one that many lines share is named once, with its first line and their count."""
POLL_SECONDS: Final = 0.5
_PUBLISH_BEHIND: Final = 5000
"""Rows queued for publishing at which reading pauses: past the queue's own bound, rows would wait for their lease."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Whether images that are done or in progress are fetched again, nothing is changed, and the end is waited for."""

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
class Finished:
    """How the images ended that were waited for; `bytes` are those of the stored ones."""

    stored: int = 0
    failed: int = 0
    deleted: int = 0
    bytes: int = 0

    @property
    def images(self) -> int:
        """Their total."""
        return self.stored + self.failed + self.deleted

    def add(self, row: ImageRow | None) -> None:
        """Count an image that is no longer in progress; one without a row was deleted long ago."""
        if row is None or row.state is ImageState.DELETED:
            self.deleted += 1
        elif row.state is ImageState.FAILED:
            self.failed += 1
        else:
            self.stored += 1
            self.bytes += 0 if row.shown is None else row.shown.size


@dataclass(slots=True)
class ImportResult:
    """What became of the images of a file; `unsent` is whether Kafka was unavailable, `finished` needs the option `wait`."""

    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0
    unsent: bool = False
    finished: Finished | None = None
    problems: dict[tuple[str, str], SharedProblem] = field(default_factory=dict)
    """What was rejected, by field and reason; at most PROBLEMS_NAMED kinds."""

    def reject(self, problem: LineProblem) -> None:
        """Count a rejected line, together with those that share its problem."""
        self.rejected += 1
        kind = (problem.field, problem.reason)
        if kind in self.problems:
            self.problems[kind].count += 1
        elif len(self.problems) < PROBLEMS_NAMED:
            self.problems[kind] = SharedProblem(problem.line, problem.field, problem.reason)

    def count(self, decision: Decision) -> None:
        """Count what an image's request did."""
        match decision:
            case Accepted():
                self.accepted += 1
            case Unchanged():
                self.unchanged += 1
            case Superseded():
                self.superseded += 1
            case _:
                assert_never(decision)


class ImportCatalogue:
    """Imports one file at a time. What was accepted stays accepted: running it again continues and repeats nothing."""

    def __init__(
        self, intake: Intake, publisher: Publisher, repository: ImageRepository, progress: ImportProgress, *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:  # fmt: skip
        self._intake = intake
        self._publisher = publisher
        self._repository = repository
        self._progress = progress
        self._poll_seconds = poll_seconds

    async def run(self, catalogue: Catalogue, options: ImportOptions) -> ImportResult:
        """Accept the images of the file; with `wait`, return once none of them is in progress.

        The wait keeps the key of each unfinished image in memory, 200 bytes or so. Raises CatalogueError for a file that
        cannot be read to its end (the message says how many images were accepted), and Unavailable when the database is
        unavailable while the file is read.
        """
        result = ImportResult()
        async with _running(self._publisher):
            in_progress = await self._take(catalogue, options, result)
            await self._publisher.flush()
        result.unsent = self._publisher.unavailable
        if options.wait and not options.dry_run:
            result.finished = await self._wait(in_progress)
        return result

    async def _take(self, catalogue: Catalogue, options: ImportOptions, result: ImportResult) -> dict[ImageKey, None]:
        """Import the file batch by batch; return the images that are now in progress, in order and each once."""
        in_progress: dict[ImageKey, None] = {}
        try:
            for batch, end in _batches(catalogue.entries(), result):
                for decision in await self._decided(batch, options):
                    result.count(decision)
                    if options.wait and decision.row.state is ImageState.IN_PROGRESS:
                        in_progress[decision.row.key] = None
                self._progress.read(end)
                if self._publisher.waiting > _PUBLISH_BEHIND:
                    await self._publisher.flush()
            self._progress.read(catalogue.size)  # lines without an image follow the last one
        except CatalogueError as error:
            taken = result.accepted + result.unchanged
            raise CatalogueError(error.line, f"{error.reason} ({taken:,} images before it were accepted)") from error
        return in_progress

    async def _decided(self, batch: list[ImageRequest], options: ImportOptions) -> list[Decision]:
        if options.dry_run:
            return await self._intake.preview(batch, only_changed=not options.refetch)
        return await self._intake.accept(batch, entry_point="import", only_changed=not options.refetch)

    async def _wait(self, images: Iterable[ImageKey]) -> Finished:
        """Look at a batch of the unfinished images at a time, in turn, until none is left; an outage is waited out."""
        unfinished, finished = deque(images), Finished()
        total = len(unfinished)
        while unfinished:
            batch = [unfinished.popleft() for _ in range(min(BATCH, len(unfinished)))]
            try:
                rows = await self._repository.load(batch)
            except Unavailable as failure:
                self._progress.held_up(failure)
                unfinished.extend(batch)
            else:
                for key in batch:
                    row = rows.get(key)
                    if row is not None and row.state is ImageState.IN_PROGRESS:
                        unfinished.append(key)
                    else:
                        finished.add(row)
            self._progress.finished(finished.images, total)
            if unfinished:
                await asyncio.sleep(self._poll_seconds)
        return finished


def _batches(entries: Iterator[Entry], result: ImportResult) -> Iterator[tuple[list[ImageRequest], int]]:
    """Group the images for intake, with the bytes read so far; rejected lines go into the result."""
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
                result.reject(entry)
    except CatalogueError:
        if batch:
            yield batch, end  # accept what could be read before giving up the file
        raise
    if batch:
        yield batch, end


@asynccontextmanager
async def _running(publisher: Publisher) -> AsyncIterator[None]:
    """Run the publisher beside the body."""
    task, body = asyncio.create_task(publisher.run(), name="publisher"), asyncio.current_task()
    # A publisher that ends by an error of ours would leave the body to wait for it.
    task.add_done_callback(lambda ended: body.cancel() if body is not None and not ended.cancelled() else None)
    try:
        yield
    except asyncio.CancelledError:
        if body is not None and task.done() and not task.cancelled() and (error := task.exception()) is not None:
            body.uncancel()
            raise error from None
        raise
    finally:
        task.cancel()
        await asyncio.wait([task])
