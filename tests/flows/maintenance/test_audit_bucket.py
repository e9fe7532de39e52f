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


class Harness:
    def __init__(self) -> None:
        self.rows, self.store, self.metrics = FakeImageRepository(), FakeObjectStore(), Metrics()
        self.row, self.garbage = FakeCollectorRow(self.rows), FakeGarbageRepository(self.rows)
        self.audit = BucketAudit(self.garbage, self.row, FakeImageFolders(self.rows), self.store, self.metrics, clock=self.rows)

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
def harness() -> Harness:
    return Harness()


async def test_an_old_object_that_nobody_listed_is_listed_and_due_when_no_put_can_land_any_more(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    old = harness.put(row, 9)
    before = await harness.rows.now()
    assert await harness.audit.run_part() == 1
    (entry,) = harness.rows.garbage.values()
    assert (entry.key, entry.target) == (row.key, old)
    assert entry.due_at > before + LATE_PUT


async def test_a_twins_object_of_the_version_that_is_shown_is_listed(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    twin = harness.put(row, 10, content=5)
    await harness.audit.run_part()
    assert harness.targets() == [twin]


async def test_what_is_shown_or_can_still_be_shown_or_has_no_row_is_left_alone(harness: Harness) -> None:
    harness.add(done_row(version=10))
    harness.put(harness.add(accepted_row(image_id=b"coming", version=10)), 10)
    harness.put(harness.add(done_row(image_id=b"set-back", version=10)), 11)
    harness.put(accepted_row(image_id=b"unknown"), 1)
    harness.store.objects["shops/not-a-number/x/1-a.jpg"] = b"x"
    harness.store.objects["shops/7/loose"] = b"x"
    harness.store.objects["collector/passes"] = b"1"
    harness.store.objects["somebody/elses.txt"] = b"x"
    assert await harness.audit.run_part() == 0
    assert harness.rows.garbage == {}
    assert harness.found("no_row") == 3


async def test_what_is_listed_already_keeps_its_own_time(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    gone = harness.add(replace(done_row(image_id=b"gone", version=10), state=ImageState.DELETED, shown=None))
    kept = [Garbage(row.key, harness.put(row, 9), NOW), Garbage(gone.key, image_prefix(*gone.key), NOW)]
    harness.put(gone, 8)
    harness.rows.garbage = dict(enumerate(kept))
    assert await harness.audit.run_part() == 0
    assert list(harness.rows.garbage.values()) == kept


async def test_the_walk_goes_on_where_it_stopped_and_begins_anew_at_the_end(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_bucket, "PART", 3)
    row = harness.add(done_row(version=10))
    for version in range(1, 8):
        harness.put(row, version)
    assert [await harness.audit.run_part() for _ in range(2)] == [2, 3]
    harness.audit = BucketAudit(
        harness.garbage, harness.row, FakeImageFolders(harness.rows), harness.store, harness.metrics, clock=harness.rows
    )
    assert [await harness.audit.run_part() for _ in range(2)] == [2, 0], "the last part is short, then nothing new is found"
    assert sorted(harness.targets()) == sorted(key for key in harness.store.objects if row.shown and key != row.shown.object_key)


async def test_an_empty_bucket_is_no_error(harness: Harness) -> None:
    assert [await harness.audit.run_part() for _ in range(2)] == [0, 0]


async def test_while_a_dependency_is_unavailable_the_walk_does_not_go_on(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.put(row, 9)
    for outside in (harness.store, harness.rows):
        outside.unavailable = True
        with pytest.raises(Unavailable):
            await harness.audit.run_part()
        outside.unavailable = False
    assert harness.row.kept.audited_to == ""
    assert await harness.audit.run_part() == 1
