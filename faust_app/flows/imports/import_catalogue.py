"""Takes a catalogue file through the same intake as every other entry point, and keeps a record of it.

A batch is decided while the one before it is recorded: database and importer work at the same time. The record is stored after the
rows of each batch. An import that is killed in between takes up to two batches a second time, which changes nothing; their images
then count as unchanged.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from faust_app.core.dispatch.shop_controls import ShopControl
from faust_app.core.failure import Unavailable
from faust_app.core.images.request_rules import Decision
from faust_app.core.images.row import ImageKey, ImageState
from faust_app.core.imports.catalogue import CatalogueError, CatalogueItem, Entry, LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus
from faust_app.core.messages.events import ImageRequest
from faust_app.flows.images.intake import CATALOGUE, Intake
from faust_app.flows.images.publish import Publisher
from faust_app.flows.imports.wait import POLL_SECONDS, Finished, wait_for
from faust_app.flows.maintenance.lease import under_lease
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import Catalogue, ImportProgress, ImportRuns
from faust_app.flows.ports.maintenance import Leases

BATCH: Final = 1000
"""Lines per transaction of intake."""
PROBLEMS_NAMED: Final = 20
"""Kinds of problems named at most; one that many lines share is named once, with its first line and their count."""
_PUBLISH_BEHIND: Final = 5000
"""Rows queued for publishing at which reading pauses: past the queue's own bound, rows would wait for their lease."""
_LEASE_CHARACTERS: Final = 24


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Whether images that are done or in progress are fetched again, nothing is changed, and the end is waited for."""

    refetch: bool = False
    dry_run: bool = False
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, for the record, and the process and release that do it."""

    name: str
    process: str
    release: str | None = None


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
class ImportResult:
    """What became of the images of a file; `unsent` is whether Kafka was unavailable, `finished` needs the option `wait`."""

    counts: ImportCounts = ImportCounts()  # noqa: RUF009 - frozen
    run: int | None = None
    """The number of the import's record; None for a dry run."""
    continued_from: int = 0
    """How many bytes an earlier process had read."""
    unsent: bool = False
    finished: Finished | None = None
    problems: dict[tuple[str, str], SharedProblem] = field(default_factory=dict)
    """What was rejected, by field and reason; at most PROBLEMS_NAMED kinds."""

    def reject(self, problem: LineProblem) -> None:
        """Name a rejected line, together with those that share its problem."""
        kind = (problem.field, problem.reason)
        if kind in self.problems:
            self.problems[kind].count += 1
        elif len(self.problems) < PROBLEMS_NAMED:
            self.problems[kind] = SharedProblem(problem.line, problem.field, problem.reason)


class ImportTaken(Exception):  # noqa: N818 - says what happened, like the others
    """Another process imports this file, or did until a moment ago."""


class ImportPaused(Exception):  # noqa: N818 - as above
    """The shop is paused: the message says until when and why, and how many images were accepted before."""


@dataclass(slots=True)
class _Import:
    """One import under way: its counts so far, and the images to wait for, in order and each once."""

    options: ImportOptions
    result: ImportResult
    run: ImportRun | None = None
    under_way: "_Taking | None" = None
    awaited: dict[ImageKey, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Batch:
    """Lines of the file that are taken together; `end` is how many bytes are read with them."""

    requests: list[ImageRequest] = field(default_factory=list)
    rejected: list[LineProblem] = field(default_factory=list)
    end: int = 0

    @property
    def entries(self) -> int:
        return len(self.requests) + len(self.rejected)

    def add(self, entry: Entry) -> None:
        if isinstance(entry, CatalogueItem):
            self.requests.append(entry.request)
            self.end = entry.end
        else:
            self.rejected.append(entry)


@dataclass(frozen=True, slots=True)
class _Taking:
    """A batch that is being decided."""

    batch: _Batch
    decided: "asyncio.Task[list[Decision]]"

    def shares_images_with(self, batch: _Batch) -> bool:
        return not {asked.key for asked in self.batch.requests}.isdisjoint(asked.key for asked in batch.requests)


class ImportCatalogue:
    """Imports one file at a time. What was accepted stays accepted: running it again continues and repeats nothing.

    `pause_of` reads the pause of a shop, before each batch, and `limiting_server` the image server of a shop where that is what its
    images wait for; both raise Unavailable.
    """

    def __init__(
        self,
        intake: Intake,
        publisher: Publisher,
        repository: ImageRepository,
        *,
        runs: ImportRuns,
        leases: Leases,
        progress: ImportProgress,
        importer: Importer,
        pause_of: Callable[[int], Awaitable[ShopControl | None]],
        limiting_server: Callable[[int], Awaitable[str | None]],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._intake = intake
        self._publisher = publisher
        self._repository = repository
        self._runs = runs
        self._leases = leases
        self._progress = progress
        self._importer = importer
        self._pause_of = pause_of
        self._limiting_server = limiting_server
        self._poll_seconds = poll_seconds

    async def run(self, catalogue: Catalogue, options: ImportOptions) -> ImportResult:
        """Accept the images of the file; with `wait`, return once none of them is in progress.

        Raises CatalogueError for a file that cannot be read to its end (the message says how many images were accepted),
        ImportTaken while another process imports the same file, ImportPaused before the first batch that a pause of the shop
        keeps from being taken, and Unavailable when the database is unavailable while the file is read. A dry run asks for no pause.
        """
        work = _Import(options, ImportResult())
        if options.dry_run:
            await self._take(catalogue, work)
            return work.result
        await self._refuse_paused(catalogue.shop_no, work)  # a file that is never read leaves no record
        async with _running(self._publisher):
            await self._imported(catalogue, work)
            await self._publisher.flush()
        work.result.unsent = self._publisher.unavailable
        if options.wait:
            limiting_server = partial(self._limiting_server, catalogue.shop_no)
            waited = wait_for(work.awaited, self._repository, self._progress, limiting_server, poll_seconds=self._poll_seconds)
            work.result.finished = await waited
        return work.result

    async def _imported(self, catalogue: Catalogue, work: _Import) -> None:
        """Import the file under its lease, and keep the record."""
        digest = await asyncio.to_thread(catalogue.sha256)
        file = ImportedFile(catalogue.shop_no, catalogue.name, catalogue.size, digest, catalogue.file_format, work.options.refetch)
        lease, holder = f"import {file.key.hex()[:_LEASE_CHARACTERS]}", self._importer.process
        try:
            taken = await under_lease(lease, lambda: self._leases.hold(lease, holder), lambda: self._recorded(catalogue, file, work))
        finally:
            with suppress(Unavailable):  # it runs out by itself
                await self._leases.release(lease, holder)
        if taken is None:
            raise ImportTaken

    async def _recorded(self, catalogue: Catalogue, file: ImportedFile, work: _Import) -> ImportRun:
        work.run = run = await self._runs.begin(file, self._importer.name, self._importer.release)
        work.result.run, work.result.counts, work.result.continued_from = run.number, run.counts, run.counts.read
        try:
            await self._take(catalogue, work)
        except CatalogueError as error:
            await self._runs.end(run.number, ImportStatus.BROKEN, str(error))
            raise
        await self._runs.end(run.number, ImportStatus.FINISHED)
        return run

    async def _take(self, catalogue: Catalogue, work: _Import) -> None:
        """Import the file batch by batch, from where its record ends."""
        result, skip = work.result, work.result.counts.entries
        try:
            for batch in _batches(catalogue.entries()):
                if batch.entries <= skip:
                    skip -= batch.entries
                    self._passed(batch, work)
                    continue
                skip = 0
                await self._take_batch(batch, catalogue.shop_no, work)
            await self._finish(work)
            if work.run is not None:  # lines without an image follow the last one
                await self._record(replace(result.counts, read=catalogue.size), (), work)
            self._progress.read(catalogue.size)
        except CatalogueError as error:
            await self._finish(work)
            raise CatalogueError(error.line, f"{error.reason} ({result.counts.taken:,} images before it were accepted)") from error
        finally:
            await _abandoned(work)

    async def _refuse_paused(self, shop_no: int, work: _Import) -> None:
        if work.options.dry_run:
            return
        pause = await self._pause_of(shop_no)
        if pause is not None:
            await self._finish(work)
            taken = work.result.counts.taken
            before = f"{taken:,} images were accepted before" if taken else "no image was accepted"
            raise ImportPaused(f"{pause.refusal}; {before}; run it again once the shop is resumed")

    def _passed(self, batch: _Batch, work: _Import) -> None:
        """Pass over what an earlier process took; its images are waited for like the others."""
        for problem in batch.rejected:
            work.result.reject(problem)
        if work.options.wait:
            work.awaited.update(dict.fromkeys(asked.key for asked in batch.requests))
        self._progress.read(batch.end)

    async def _take_batch(self, batch: _Batch, shop_no: int, work: _Import) -> None:
        """Begin to decide the batch, and finish the one before it meanwhile; before that where they share images, which have an order."""
        if work.under_way is not None and work.under_way.shares_images_with(batch):
            await self._finish(work)
        await self._refuse_paused(shop_no, work)
        before, deciding = work.under_way, asyncio.create_task(self._decided(batch.requests, work.options), name="decide batch")
        work.under_way = _Taking(batch, deciding)
        if before is not None:
            await self._finish_batch(before, work)

    async def _finish(self, work: _Import) -> None:
        """Finish the batch that is under way."""
        taking, work.under_way = work.under_way, None
        if taking is not None:
            await self._finish_batch(taking, work)

    async def _finish_batch(self, taking: _Taking, work: _Import) -> None:
        """Wait until the batch is decided, then count and record it."""
        batch, counts = taking.batch, work.result.counts
        for decision in await taking.decided:
            counts = counts.count(decision)
            if work.options.wait and decision.row.state is ImageState.IN_PROGRESS:
                work.awaited[decision.row.key] = None
        for problem in batch.rejected:
            work.result.reject(problem)
        counts = replace(
            counts,
            read=max(counts.read, batch.end),
            entries=counts.entries + batch.entries,
            rejected=counts.rejected + len(batch.rejected),
        )
        await self._record(counts, batch.rejected, work)
        self._progress.read(counts.read)
        if self._publisher.waiting > _PUBLISH_BEHIND:
            await self._publisher.flush()

    async def _record(self, counts: ImportCounts, rejected: Sequence[LineProblem], work: _Import) -> None:
        if work.run is not None:
            await self._runs.record(work.run.number, counts, rejected)
        work.result.counts = counts

    async def _decided(self, batch: list[ImageRequest], options: ImportOptions) -> list[Decision]:
        if not batch:
            return []
        if options.dry_run:
            return await self._intake.preview(batch, only_changed=not options.refetch)
        return await self._intake.accept(batch, entry_point=CATALOGUE, only_changed=not options.refetch)


def _batches(entries: Iterator[Entry]) -> Iterator[_Batch]:
    """Group the lines for intake; the same file always makes the same batches."""
    batch = _Batch()
    try:
        for entry in entries:
            batch.add(entry)
            if batch.entries == BATCH:
                yield batch
                batch = _Batch(end=batch.end)
    except CatalogueError:
        if batch.entries:
            yield batch  # accept what could be read before giving up the file
        raise
    if batch.entries:
        yield batch


async def _abandoned(work: _Import) -> None:
    """Cancel what is under way, and wait for its end: what it has committed is taken again, and unchanged."""
    if work.under_way is not None:
        work.under_way.decided.cancel()
        await asyncio.gather(work.under_way.decided, return_exceptions=True)
        work.under_way = None


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
