"""The collector deletes what is due, and only by the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.image import ImageRow, ImageState, image_prefix, object_key
from faust_app.core.outcome import Garbage
from faust_app.flows.collect_garbage import GarbageCollector
from faust_app.metrics import Metrics
from tests.factories import NOW, accepted_row, done_row
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore

LATER = timedelta(days=3650)


class Bench:
    def __init__(self) -> None:
        self.rows, self.store = FakeImageRepository(), FakeObjectStore()
        self.collector = GarbageCollector(self.rows, self.rows, self.store, Metrics())

    def put(self, row: ImageRow, version: int) -> str:
        key = object_key(row.shop_no, row.image_id, version, f"{version:064x}", "jpg")
        self.store.objects[key] = b"x"
        return key

    def list(self, row: ImageRow, target: str, *, due: timedelta = timedelta(0)) -> None:
        self.rows.garbage[len(self.rows.garbage) + 1] = Garbage(row.key, target, NOW + due)

    def add(self, row: ImageRow) -> ImageRow:
        self.rows.rows[row.key] = row
        return row


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_replaced_object_is_deleted_when_due_and_its_entry_forgotten(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    old = bench.put(row, 9)
    bench.list(row, old)
    assert await bench.collector.run_pass() == 1
    assert (bench.store.objects, bench.rows.garbage) == ({}, {})


async def test_nothing_is_deleted_before_its_time(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    bench.list(row, bench.put(row, 9), due=LATER)
    assert await bench.collector.run_pass() == 0
    assert len(bench.store.objects) == 1


async def test_what_is_shown_or_can_still_become_shown_is_kept(bench: Bench) -> None:
    shown = bench.add(done_row(version=10))
    assert shown.shown is not None
    bench.store.objects[shown.shown.object_key] = b"x"
    bench.list(shown, shown.shown.object_key)
    coming = bench.add(accepted_row(image_id=b"b", version=10))
    bench.list(coming, bench.put(coming, 10))
    assert await bench.collector.run_pass() == 0
    assert len(bench.store.objects) == 2


async def test_the_prefix_of_a_deleted_image_is_emptied(bench: Bench) -> None:
    row = bench.add(replace(done_row(version=10), state=ImageState.DELETED, shown=None))
    for version in (8, 9, 10):
        bench.put(row, version)
    neighbour = bench.put(accepted_row(image_id=b"other"), 5)
    bench.list(row, image_prefix(*row.key))
    assert await bench.collector.run_pass() == 3
    assert set(bench.store.objects) == {neighbour}


async def test_of_an_image_that_came_back_only_the_old_objects_go(bench: Bench) -> None:
    row = bench.add(accepted_row(version=11))
    bench.put(row, 9)
    coming = bench.put(row, 11)
    bench.list(row, image_prefix(*row.key))
    assert await bench.collector.run_pass() == 1
    assert set(bench.store.objects) == {coming}


async def test_an_object_without_a_row_is_kept(bench: Bench) -> None:
    row = accepted_row()
    bench.list(row, bench.put(row, 1))
    assert await bench.collector.run_pass() == 0
    assert len(bench.store.objects) == 1


async def test_while_storage_is_away_nothing_is_forgotten(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    bench.list(row, bench.put(row, 9))
    bench.store.away = True
    with pytest.raises(Unavailable):
        await bench.collector.run_pass()
    assert len(bench.rows.garbage) == 1
