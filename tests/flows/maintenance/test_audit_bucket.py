"""What a dead worker left in the bucket is found part by part, and nothing else is touched."""

from dataclasses import replace

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.images.objects import image_prefix, object_key
from faust_app.core.images.outcome import LATE_PUT, Garbage
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.flows.maintenance import audit_bucket
from faust_app.flows.maintenance.audit_bucket import BucketAudit
from faust_app.metrics import Metrics
from tests.factories import NOW, accepted_row, done_row
from tests.fakes.collector import FakeCollectorRow, FakeGarbageRepository, FakeImageFolders
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore


class Bench:
    def __init__(self) -> None:
        self.rows, self.store, self.metrics = FakeImageRepository(), FakeObjectStore(), Metrics()
        self.row, self.garbage = FakeCollectorRow(self.rows), FakeGarbageRepository(self.rows)
        self.audit = BucketAudit(self.garbage, self.row, FakeImageFolders(self.rows), self.store, self.metrics)

    def add(self, row: ImageRow) -> ImageRow:
        self.rows.rows[row.key] = row
        if row.shown is not None:
            self.store.objects[row.shown.object_key] = b"x"
        return row

    def put(self, row: ImageRow, version: int, content: int = 0) -> str:
        key = object_key(row.shop_no, row.image_id, version, f"{content:064x}", "jpg")
        self.store.objects[key] = b"x"
        return key

    def targets(self) -> list[str]:
        return [entry.target for entry in self.rows.garbage.values()]

    def found(self, finding: str) -> float:
        return self.metrics.registry.get_sample_value("shop_images_audit_findings_total", {"finding": finding}) or 0.0


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_old_object_that_nobody_listed_is_listed_and_due_when_no_put_can_land_any_more(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    old = bench.put(row, 9)
    before = await bench.rows.now()
    assert await bench.audit.run_part() == 1
    (entry,) = bench.rows.garbage.values()
    assert (entry.key, entry.target) == (row.key, old)
    assert entry.due_at > before + LATE_PUT


async def test_a_twins_object_of_the_version_that_is_shown_is_listed(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    twin = bench.put(row, 10, content=5)
    await bench.audit.run_part()
    assert bench.targets() == [twin]


async def test_what_is_shown_or_can_still_be_shown_or_has_no_row_is_left_alone(bench: Bench) -> None:
    bench.add(done_row(version=10))
    bench.put(bench.add(accepted_row(image_id=b"coming", version=10)), 10)
    bench.put(bench.add(done_row(image_id=b"set-back", version=10)), 11)
    bench.put(accepted_row(image_id=b"unknown"), 1)
    bench.store.objects["shops/not-a-number/x/1-a.jpg"] = b"x"
    bench.store.objects["shops/7/loose"] = b"x"
    bench.store.objects["collector/passes"] = b"1"
    bench.store.objects["somebody/elses.txt"] = b"x"
    assert await bench.audit.run_part() == 0
    assert bench.rows.garbage == {}
    assert bench.found("no_row") == 3


async def test_what_is_listed_already_keeps_its_own_time(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    gone = bench.add(replace(done_row(image_id=b"gone", version=10), state=ImageState.DELETED, shown=None))
    kept = [Garbage(row.key, bench.put(row, 9), NOW), Garbage(gone.key, image_prefix(*gone.key), NOW)]
    bench.put(gone, 8)
    bench.rows.garbage = dict(enumerate(kept))
    assert await bench.audit.run_part() == 0
    assert list(bench.rows.garbage.values()) == kept


async def test_the_walk_goes_on_where_it_stopped_and_begins_anew_at_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_bucket, "PART", 3)
    row = bench.add(done_row(version=10))
    for version in range(1, 8):
        bench.put(row, version)
    assert [await bench.audit.run_part() for _ in range(2)] == [2, 3]
    bench.audit = BucketAudit(bench.garbage, bench.row, FakeImageFolders(bench.rows), bench.store, bench.metrics)
    assert [await bench.audit.run_part() for _ in range(2)] == [2, 0], "the last part is short, then nothing new is found"
    assert sorted(bench.targets()) == sorted(key for key in bench.store.objects if row.shown and key != row.shown.object_key)


async def test_an_empty_bucket_is_no_error(bench: Bench) -> None:
    assert [await bench.audit.run_part() for _ in range(2)] == [0, 0]


async def test_while_a_dependency_is_away_the_walk_does_not_go_on(bench: Bench) -> None:
    row = bench.add(done_row(version=10))
    bench.put(row, 9)
    for outside in (bench.store, bench.rows):
        outside.away = True
        with pytest.raises(Unavailable):
            await bench.audit.run_part()
        outside.away = False
    assert bench.row.kept.audited_to == ""
    assert await bench.audit.run_part() == 1
