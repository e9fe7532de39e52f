"""An import: what it accepts, what it says of the rest, and what its wait waits for."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.request_rules import Decision
from faust_app.core.images.row import ImageState
from faust_app.core.imports.catalogue import CatalogueError, LineProblem
from faust_app.core.imports.run import ImportCounts, ImportStatus
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.flows.imports import import_catalogue
from faust_app.flows.imports.import_catalogue import (
    BATCH,
    ImportCatalogue,
    Importer,
    ImportOptions,
    ImportPaused,
    ImportResult,
    ImportTaken,
)
from faust_app.flows.imports.wait import POLLS_A_REPORT, Finished
from faust_app.metrics import Metrics
from tests.factories import LEASE, NOW, done_row, make_request, make_shown
from tests.fakes.alerts import FakeAlertStore
from tests.fakes.catalogue import FakeCatalogue, FakeProgress
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.imports import FakeImportRuns, FakeRejections
from tests.fakes.lane_choice import fair_lanes

WAIT = ImportOptions(wait=True)
PAUSE = ShopControl(7, ControlKind.PAUSE, None, "its catalogue is wrong", "ada", NOW)


class Harness:
    def __init__(self) -> None:
        self.rows, self.log, metrics = FakeImageRepository(), FakeEventLog(), Metrics()
        self.publisher = Publisher(self.log, self.rows, Topics.named("p."), metrics, fair_lanes(metrics, seconds=lambda: 0.0))
        self.intake = Intake(self.rows, self.publisher, metrics, clock=self.rows, lease=LEASE)
        self.progress = FakeProgress()
        self.rejections = FakeRejections(lambda: NOW)
        self.pauses: list[ShopControl | None] = []
        self.servers: list[str | Unavailable | None] = []
        self.runs, self.leases = FakeImportRuns(self.rejections, lambda: NOW), FakeAlertStore()

    async def run(self, catalogue: FakeCatalogue, options: ImportOptions = ImportOptions()) -> ImportResult:  # noqa: B008 - frozen
        importing = ImportCatalogue(
            self.intake, self.publisher, self.rows, runs=self.runs, leases=self.leases, progress=self.progress,
            importer=Importer("ada", "here:1"), pause_of=self.pause_of, limiting_server=self.limiting_server, poll_seconds=0,
        )  # fmt: skip
        return await importing.run(catalogue, options)

    async def pause_of(self, _shop_no: int) -> ShopControl | None:
        """Return the next of `pauses`, none at their end."""
        return self.pauses.pop(0) if self.pauses else None

    async def limiting_server(self, _shop_no: int) -> str | None:
        """Return, or raise, the next of `servers`, none at their end."""
        server = self.servers.pop(0) if self.servers else None
        if isinstance(server, Unavailable):
            raise server
        return server

    def end(self, image_id: str, state: ImageState = ImageState.DONE) -> None:
        row = self.rows.rows[7, image_id.encode()]
        shown = make_shown(row) if state is ImageState.DONE else row.shown
        self.rows.rows[row.key] = replace(row, state=state, scheduled_at=None, shown=shown)

    def end_one_a_look(self, *image_ids: str) -> None:
        """Finish one image each time the import has looked at them."""
        left = list(image_ids)

        def end_next() -> None:
            if left:
                self.end(left.pop(0))

        self.progress.each = end_next


@pytest.fixture
def harness() -> Harness:
    return Harness()


async def test_every_image_is_accepted_and_published_when_an_import_returns(harness: Harness) -> None:
    result = await harness.run(FakeCatalogue("a", "b", "c"))
    assert (result.counts.accepted, result.finished, result.unsent) == (3, None, False)
    assert {topic: len(messages) for topic, messages in harness.log.messages.items()} == {"p.bulk": 3}, "a catalogue is never express"
    assert harness.progress.ends == [30, 30]


async def test_a_file_of_a_paused_shop_is_refused_at_the_start_and_leaves_no_record(harness: Harness) -> None:
    harness.pauses = [PAUSE]
    with pytest.raises(ImportPaused) as refused:
        await harness.run(FakeCatalogue("a", "b"))
    assert str(refused.value) == "shop 7 is paused: its catalogue is wrong; no image was accepted; run it again once the shop is resumed"
    assert (harness.rows.rows, harness.runs.runs) == ({}, {})


async def test_a_pause_in_the_middle_stops_the_import_and_it_continues_once_resumed(harness: Harness) -> None:
    names = [f"{n:05}" for n in range(BATCH + 1)]
    harness.pauses = [None, None, PAUSE]
    with pytest.raises(ImportPaused, match="1,000 images were accepted before"):
        await harness.run(FakeCatalogue(*names))
    assert len(harness.rows.rows) == BATCH
    result = await harness.run(FakeCatalogue(*names))
    assert (result.counts.accepted, result.continued_from > 0) == (BATCH + 1, True)
    assert [run.status for run in harness.runs.runs.values()] == [ImportStatus.FINISHED]


async def test_a_dry_run_of_a_paused_shop_says_what_would_be_accepted(harness: Harness) -> None:
    harness.pauses = [PAUSE]
    assert (await harness.run(FakeCatalogue("a"), ImportOptions(dry_run=True))).counts.accepted == 1


async def test_while_kafka_is_unavailable_the_rows_are_accepted_and_the_result_says_so(harness: Harness) -> None:
    harness.log.unavailable = True
    result = await harness.run(FakeCatalogue("a"))
    assert (result.counts.accepted, result.unsent, len(harness.rows.rows)) == (1, True, 1)


async def test_an_import_that_is_repeated_accepts_nothing_again(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a", "b"))
    harness.end("b")
    result = await harness.run(FakeCatalogue("a", "b"))
    assert (result.counts.accepted, result.counts.unchanged) == (0, 2)


async def test_with_refetch_what_is_done_is_accepted_again(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    harness.end("a")
    assert (await harness.run(FakeCatalogue("a"), ImportOptions(refetch=True))).counts.accepted == 1


async def test_a_dry_run_counts_and_changes_nothing(harness: Harness) -> None:
    result = await harness.run(FakeCatalogue("a", LineProblem(2, "SKU", "is missing")), ImportOptions(dry_run=True, wait=True))
    assert (result.counts.accepted, result.counts.rejected, result.finished) == (1, 1, None)
    assert harness.rows.rows == {}


async def test_a_file_that_breaks_off_keeps_what_was_read_and_says_how_much(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_catalogue, "BATCH", 2)
    with pytest.raises(CatalogueError, match=r"line 4: it is torn \(3 images before it were accepted\)"):
        await harness.run(FakeCatalogue("a", "b", "c", CatalogueError(4, "it is torn")))
    assert len(harness.rows.rows) == 3


async def test_a_wait_ends_when_every_image_is_finished(harness: Harness) -> None:
    harness.end_one_a_look("b", "a", "c")
    result = await harness.run(FakeCatalogue("a", "b", "c"), WAIT)
    assert result.finished == Finished(stored=3, bytes=3 * 1234)
    assert harness.progress.shown == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_a_wait_for_the_shops_own_server_names_it_once(harness: Harness) -> None:
    harness.servers = [None, "slow.test", Unavailable(Dependency.DATABASE), "slow.test", None, "other.test"]
    polls = 6 * POLLS_A_REPORT
    harness.progress.each = lambda: harness.end("a") if len(harness.progress.shown) == polls else None
    assert (await harness.run(FakeCatalogue("a"), WAIT)).finished == Finished(stored=1, bytes=1234)
    assert harness.progress.servers == ["slow.test", "other.test"]


async def test_a_repeated_import_waits_for_unchanged_images_that_are_still_in_progress(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a", "b", "c"))
    harness.end("a")
    harness.end_one_a_look("b", "c")
    result = await harness.run(FakeCatalogue("a", "b", "c"), WAIT)
    assert (result.counts.accepted, result.counts.unchanged) == (0, 3)
    assert result.finished == Finished(stored=2, bytes=2 * 1234)
    assert all(row.state is ImageState.DONE for row in harness.rows.rows.values())


async def test_a_wait_for_nothing_ends_at_once(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    harness.end("a")
    assert (await harness.run(FakeCatalogue("a"), WAIT)).finished == Finished()
    assert harness.progress.shown == []


async def test_a_newer_request_of_somebody_else_is_waited_for_too(harness: Harness) -> None:
    await harness.intake.accept([make_request(7, "a", source_url="http://source.test/newer.jpg")], entry_point="http")
    row = harness.rows.rows[7, b"a"]
    harness.rows.rows[row.key] = replace(row, requested_at=row.requested_at.replace(year=9000))
    harness.end_one_a_look("a")
    result = await harness.run(FakeCatalogue("a"), WAIT)
    assert (result.counts.superseded, result.finished) == (1, Finished(stored=1, bytes=1234))


async def test_images_are_counted_by_how_they_ended(harness: Harness) -> None:
    ends = iter([("a", ImageState.FAILED), ("b", ImageState.DELETED), ("c", ImageState.DONE)])

    def end_next() -> None:
        if (end := next(ends, None)) is not None:
            harness.end(*end)
            if end[1] is ImageState.DONE:
                del harness.rows.rows[7, b"d"]

    harness.progress.each = end_next
    result = await harness.run(FakeCatalogue("a", "b", "c", "d"), WAIT)
    assert result.finished == Finished(stored=1, failed=1, deleted=2, bytes=1234)


async def test_an_image_named_twice_is_waited_for_once(harness: Harness) -> None:
    harness.end_one_a_look("a")
    assert (await harness.run(FakeCatalogue("a", "a"), WAIT)).finished == Finished(stored=1, bytes=1234)


async def test_more_images_than_a_look_takes_are_looked_at_in_turn(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_catalogue, "BATCH", 2)
    names = [f"i{number}" for number in range(7)]
    harness.end_one_a_look(*reversed(names))
    assert (await harness.run(FakeCatalogue(*names), WAIT)).finished == Finished(stored=7, bytes=7 * 1234)


async def test_an_outage_of_the_database_is_waited_out(harness: Harness) -> None:
    looks = 0

    def outage() -> None:
        nonlocal looks
        looks += 1
        harness.rows.unavailable = looks in {1, 2}
        if looks == 4:
            harness.end("a")

    harness.progress.each = outage
    result = await harness.run(FakeCatalogue("a"), WAIT)
    assert result.finished == Finished(stored=1, bytes=1234)
    assert len(harness.progress.reasons) == 2
    assert looks == 5


def test_a_row_that_is_done_counts_with_its_bytes() -> None:
    finished = Finished()
    finished.add(done_row())
    assert (finished.images, finished.bytes) == (1, 1234)


async def test_an_import_leaves_a_record_with_the_file_and_every_rejected_line(harness: Harness) -> None:
    bad = LineProblem(2, "SKU", "is missing")
    result = await harness.run(FakeCatalogue("a", bad, "b"))
    run = harness.runs.runs[1]
    assert (result.run, run.status, run.started_by, run.file.name) == (1, ImportStatus.FINISHED, "ada", "catalogue.csv")
    assert run.counts == ImportCounts(read=30, entries=3, accepted=2, rejected=1)
    assert [(kept.rejection.field, kept.rejection.reason) for kept in harness.rejections.kept] == [("SKU", "is missing")]


async def test_an_import_that_ended_in_the_middle_is_continued_by_the_same_file(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_catalogue, "BATCH", 2)
    catalogue = FakeCatalogue("a", LineProblem(2, "SKU", "is missing"), "c", "d", "e")
    harness.progress.at_read = lambda end: setattr(harness.rows, "unavailable", end >= 10)
    with pytest.raises(Unavailable):
        await harness.run(catalogue)
    assert (harness.runs.runs[1].status, harness.runs.runs[1].counts.entries) == (ImportStatus.RUNNING, 2)
    harness.rows.unavailable, harness.progress.at_read = False, lambda _: None
    result = await harness.run(catalogue)
    assert (result.run, result.continued_from, len(harness.runs.runs)) == (1, 10, 1)
    assert result.counts == ImportCounts(read=50, entries=5, accepted=4, rejected=1)
    assert harness.runs.runs[1].status is ImportStatus.FINISHED
    assert len(harness.rejections.kept) == 1
    assert list(result.problems) == [("SKU", "is missing")]


async def test_an_import_that_is_continued_also_waits_for_what_was_taken_before(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(import_catalogue, "BATCH", 1)
    harness.progress.at_read = lambda end: setattr(harness.rows, "unavailable", end >= 10)
    with pytest.raises(Unavailable):
        await harness.run(FakeCatalogue("a", "b"), WAIT)
    harness.rows.unavailable, harness.progress.at_read = False, lambda _: None
    harness.end_one_a_look("a", "b")
    assert (await harness.run(FakeCatalogue("a", "b"), WAIT)).finished == Finished(stored=2, bytes=2 * 1234)


async def test_a_file_that_is_finished_or_changed_begins_a_new_record(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    await harness.run(FakeCatalogue("a"))
    await harness.run(FakeCatalogue("a", "b"))
    assert [(run.counts.accepted, run.counts.unchanged) for run in harness.runs.runs.values()] == [(1, 0), (0, 1), (1, 1)]


async def test_a_file_that_breaks_off_is_recorded_as_broken_with_its_reason(harness: Harness) -> None:
    with pytest.raises(CatalogueError):
        await harness.run(FakeCatalogue("a", CatalogueError(2, "it is torn")))
    run = harness.runs.runs[1]
    assert (run.status, run.counts.accepted) == (ImportStatus.BROKEN, 1)
    assert run.problem is not None
    assert "it is torn" in run.problem


async def test_a_file_that_another_process_imports_is_refused_and_nothing_is_changed(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    held = FakeCatalogue("a", "b")
    harness.leases.refuses = True
    with pytest.raises(ImportTaken):
        await harness.run(held)
    assert (len(harness.runs.runs), len(harness.rows.rows)) == (1, 1)


async def test_a_lease_is_released_whatever_the_end_of_an_import(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    with pytest.raises(CatalogueError):
        await harness.run(FakeCatalogue("a", CatalogueError(2, "it is torn")))
    assert harness.leases.holders == {}


async def test_a_dry_run_leaves_no_record(harness: Harness) -> None:
    result = await harness.run(FakeCatalogue("a"), ImportOptions(dry_run=True))
    assert (result.run, harness.runs.runs, harness.rejections.kept) == (None, {}, [])


async def test_a_batch_is_decided_beside_the_one_before_it_unless_they_share_an_image(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(import_catalogue, "BATCH", 1)
    accept, steps = harness.intake.accept, list[str]()

    async def slowly(requests: Sequence[ImageRequest], **options: Any) -> list[Decision]:
        steps.append(f"{requests[0].image_id} begins")
        for _ in range(20):
            await asyncio.sleep(0)
        decided = await accept(requests, **options)
        steps.append(f"{requests[0].image_id} ends")
        return decided

    monkeypatch.setattr(harness.intake, "accept", slowly)
    result = await harness.run(FakeCatalogue("a", "b", "b"))
    assert steps == ["a begins", "b begins", "a ends", "b ends", "b begins", "b ends"]
    assert (result.counts.accepted, result.counts.unchanged, result.counts.entries) == (2, 1, 3)


async def test_an_outage_of_one_batch_ends_the_one_beside_it_and_the_next_run_takes_both(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(import_catalogue, "BATCH", 1)
    accept, begun = harness.intake.accept, list[bytes | str]()

    async def first_fails(requests: Sequence[ImageRequest], **options: Any) -> list[Decision]:
        begun.append(requests[0].image_id)
        if len(begun) == 1:
            raise Unavailable(Dependency.DATABASE)
        await asyncio.Event().wait()
        return []

    with monkeypatch.context() as broken:
        broken.setattr(harness.intake, "accept", first_fails)
        with pytest.raises(Unavailable):
            await harness.run(FakeCatalogue("a", "b"))
    assert harness.intake.accept == accept
    result = await harness.run(FakeCatalogue("a", "b"))
    assert (result.counts.accepted, harness.runs.runs[1].status) == (2, ImportStatus.FINISHED)
