"""The collector deletes what is due, and only by the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.images.objects import image_prefix, object_key
from faust_app.core.images.outcome import Garbage
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.maintenance.garbage import COUNTER, LEAST_TO_STOP, counter_key
from faust_app.flows.maintenance.collect_garbage import GarbageCollector
from faust_app.flows.maintenance.recover import Recovery
from faust_app.metrics import Metrics
from tests.factories import NOW, accepted_row, done_row
from tests.fakes.alerts import FakeAlerts
from tests.fakes.collector import FakeCollectorRow, FakeGarbageRepository, FakeImageFolders
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore

LATER = timedelta(days=3650)


class Harness:
    def __init__(self) -> None:
        self.rows, self.store = FakeImageRepository(), FakeObjectStore()
        self.row, self.alerts = FakeCollectorRow(self.rows), FakeAlerts()
        self.collector = GarbageCollector(
            garbage=FakeGarbageRepository(self.rows), row=self.row, rows=self.rows, store=self.store, alerts=self.alerts, metrics=Metrics()
        )

    def put(self, row: ImageRow, version: int) -> str:
        key = object_key(row.shop_no, row.image_id, version, f"{version:064x}", "jpg")
        self.store.objects[key] = b"x"
        return key

    def list(self, row: ImageRow, target: str, *, due: timedelta = timedelta(0)) -> None:
        self.rows.garbage[len(self.rows.garbage) + 1] = Garbage(row.key, target, NOW + due)

    def images(self) -> set[str]:
        return {key for key in self.store.objects if not key.startswith(COUNTER)}

    def counter(self) -> set[str]:
        return set(self.store.objects) - self.images()

    def add(self, row: ImageRow) -> ImageRow:
        self.rows.rows[row.key] = row
        return row


@pytest.fixture
def harness() -> Harness:
    return Harness()


async def test_a_replaced_object_is_deleted_when_due_and_its_entry_forgotten(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    old = harness.put(row, 9)
    harness.list(row, old)
    assert await harness.collector.run_pass() == 1
    assert (harness.images(), harness.rows.garbage) == (set(), {})


async def test_nothing_is_deleted_before_its_time(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.list(row, harness.put(row, 9), due=LATER)
    assert await harness.collector.run_pass() == 0
    assert len(harness.images()) == 1


async def test_what_is_shown_or_can_still_become_shown_is_kept(harness: Harness) -> None:
    shown = harness.add(done_row(version=10))
    assert shown.shown is not None
    harness.store.objects[shown.shown.object_key] = b"x"
    harness.list(shown, shown.shown.object_key)
    coming = harness.add(accepted_row(image_id=b"b", version=10))
    harness.list(coming, harness.put(coming, 10))
    assert await harness.collector.run_pass() == 0
    assert len(harness.images()) == 2


async def test_the_prefix_of_a_deleted_image_is_emptied(harness: Harness) -> None:
    row = harness.add(replace(done_row(version=10), state=ImageState.DELETED, shown=None))
    for version in (8, 9, 10):
        harness.put(row, version)
    neighbour = harness.put(accepted_row(image_id=b"other"), 5)
    harness.list(row, image_prefix(*row.key))
    assert await harness.collector.run_pass() == 3
    assert harness.images() == {neighbour}


async def test_of_an_image_that_came_back_only_the_old_objects_go(harness: Harness) -> None:
    row = harness.add(accepted_row(version=11))
    harness.put(row, 9)
    coming = harness.put(row, 11)
    harness.list(row, image_prefix(*row.key))
    assert await harness.collector.run_pass() == 1
    assert harness.images() == {coming}


async def test_an_object_without_a_row_is_kept(harness: Harness) -> None:
    row = accepted_row()
    harness.list(row, harness.put(row, 1))
    assert await harness.collector.run_pass() == 0
    assert len(harness.images()) == 1


async def test_while_storage_is_unavailable_nothing_is_forgotten(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.list(row, harness.put(row, 9))
    harness.store.unavailable = True
    with pytest.raises(Unavailable):
        await harness.collector.run_pass()
    assert len(harness.rows.garbage) == 1


async def test_each_pass_that_deletes_is_counted_in_the_database_and_then_in_the_bucket(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    for passes in (1, 2):
        harness.list(row, harness.put(row, passes))
        await harness.collector.run_pass()
        assert (harness.row.kept.passes, harness.counter()) == (passes, {counter_key(passes)})
    await harness.collector.run_pass()
    assert harness.row.kept.passes == 2, "a pass without anything to delete is none"


@pytest.mark.parametrize("counter", ["3", "not a number", "9" * 40])
async def test_a_database_older_than_the_bucket_deletes_nothing_until_it_has_caught_up(harness: Harness, counter: str) -> None:
    row = harness.add(done_row(version=10))
    harness.list(row, harness.put(row, 9))
    harness.store.objects[COUNTER + counter] = b""
    assert await harness.collector.run_pass() == 0
    assert len(harness.images()) == 1
    assert (FaultKind.DATABASE_WENT_BACK, None) in harness.alerts.faults
    recovery = Recovery(harness.rows, FakeImageFolders(harness.rows), harness.row, harness.store)
    await recovery.resume_collector()
    assert await harness.collector.run_pass() == 1
    assert harness.alerts.faults == {}


async def test_a_bucket_that_is_behind_stops_nothing(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.list(row, harness.put(row, 9))
    harness.row.kept = replace(harness.row.kept, passes=7)
    harness.store.objects[counter_key(6)] = b""
    assert await harness.collector.run_pass() == 1
    assert harness.counter() == {counter_key(8)}


async def test_a_counter_that_lands_late_hides_no_pass(harness: Harness) -> None:
    harness.row.kept = replace(harness.row.kept, passes=2)
    for passes in (3, 1):
        harness.store.objects[counter_key(passes)] = b""
    await harness.collector.run_pass()
    assert (FaultKind.DATABASE_WENT_BACK, None) in harness.alerts.faults


async def test_what_became_due_after_a_pass_was_counted_is_left_to_the_next_one(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.list(row, harness.put(row, 8))

    async def listed_meanwhile(key: str) -> None:
        if key.startswith(COUNTER):
            harness.store.before_put = None
            harness.list(row, harness.put(row, 9))

    harness.store.before_put = listed_meanwhile
    assert [await harness.collector.run_pass() for _ in range(2)] == [1, 1], "a backup that knows the pass knows what it deleted"
    assert harness.row.kept.passes == 2


async def test_a_database_that_went_back_is_told_and_nothing_else(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    for _ in range(LEAST_TO_STOP + 1):
        harness.list(row, harness.put(row, 9))
    await harness.collector.run_pass()
    harness.store.objects[counter_key(3)] = b""
    await harness.collector.run_pass()
    assert list(harness.alerts.faults) == [(FaultKind.DATABASE_WENT_BACK, None)]


async def test_far_too_much_at_once_is_not_deleted_without_leave(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    for version in range(LEAST_TO_STOP + 1):
        harness.list(row, harness.put(row, 9 if version == 0 else 9 - version % 9))
    harness.row.about = 100_000
    assert await harness.collector.run_pass() == 0
    assert harness.images()
    assert (FaultKind.TOO_MUCH_GARBAGE, None) in harness.alerts.faults
    harness.row.kept = replace(harness.row.kept, allowed_before=await harness.rows.now())
    for left in (1, 0):
        await harness.collector.run_pass()
        assert (len(harness.rows.garbage), harness.alerts.faults) == (left, {})
    assert harness.images() == set()


async def test_one_percent_of_many_images_is_not_too_much(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    old = harness.put(row, 9)
    for _ in range(LEAST_TO_STOP + 1):
        harness.list(row, old)
    harness.row.about = 100 * (LEAST_TO_STOP + 1)
    await harness.collector.run_pass()
    assert harness.images() == set()


async def test_who_no_longer_runs_the_passes_takes_its_reports_back(harness: Harness) -> None:
    harness.store.objects[counter_key(3)] = b""
    await harness.collector.run_pass()
    harness.collector.stand_down()
    assert harness.alerts.faults == {}
