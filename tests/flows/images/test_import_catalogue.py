"""An import: what it accepts, what it says of the rest, and what its wait waits for."""

from dataclasses import replace

import pytest

from faust_app.core.images.row import ImageState
from faust_app.core.messages.catalogue import CatalogueError, LineProblem
from faust_app.core.messages.topics import Topics
from faust_app.flows.images import import_catalogue
from faust_app.flows.images.import_catalogue import Finished, ImportCatalogue, ImportOptions, ImportResult
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.metrics import Metrics
from tests.factories import LEASE, done_row, make_request, make_shown
from tests.fakes.catalogue import FakeCatalogue, FakeProgress
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository

WAIT = ImportOptions(wait=True)


class Harness:
    def __init__(self) -> None:
        self.rows, self.log, metrics = FakeImageRepository(), FakeEventLog(), Metrics()
        self.publisher = Publisher(self.log, self.rows, Topics.named("p."), metrics)
        self.intake = Intake(self.rows, self.publisher, metrics, clock=self.rows, lease=LEASE)
        self.progress = FakeProgress()

    async def run(self, catalogue: FakeCatalogue, options: ImportOptions = ImportOptions()) -> ImportResult:  # noqa: B008 - frozen
        return await ImportCatalogue(self.intake, self.publisher, self.rows, self.progress, poll_seconds=0).run(catalogue, options)

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
    assert (result.accepted, result.finished, result.unsent) == (3, None, False)
    assert len(harness.log.messages["p.bulk"]) == 3
    assert harness.progress.ends == [30, 30]


async def test_while_kafka_is_unavailable_the_rows_are_accepted_and_the_result_says_so(harness: Harness) -> None:
    harness.log.unavailable = True
    result = await harness.run(FakeCatalogue("a"))
    assert (result.accepted, result.unsent, len(harness.rows.rows)) == (1, True, 1)


async def test_an_import_that_is_repeated_accepts_nothing_again(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a", "b"))
    harness.end("b")
    result = await harness.run(FakeCatalogue("a", "b"))
    assert (result.accepted, result.unchanged) == (0, 2)


async def test_with_refetch_what_is_done_is_accepted_again(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a"))
    harness.end("a")
    assert (await harness.run(FakeCatalogue("a"), ImportOptions(refetch=True))).accepted == 1


async def test_a_dry_run_counts_and_changes_nothing(harness: Harness) -> None:
    result = await harness.run(FakeCatalogue("a", LineProblem(2, "SKU", "is missing")), ImportOptions(dry_run=True, wait=True))
    assert (result.accepted, result.rejected, result.finished) == (1, 1, None)
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


async def test_a_repeated_import_waits_for_unchanged_images_that_are_still_in_progress(harness: Harness) -> None:
    await harness.run(FakeCatalogue("a", "b", "c"))
    harness.end("a")
    harness.end_one_a_look("b", "c")
    result = await harness.run(FakeCatalogue("a", "b", "c"), WAIT)
    assert (result.accepted, result.unchanged) == (0, 3)
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
    assert (result.superseded, result.finished) == (1, Finished(stored=1, bytes=1234))


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
