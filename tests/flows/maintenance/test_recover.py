"""After a database was set back: what is gone is fetched again, what is unknown is kept and told."""

from dataclasses import replace

import pytest

from faust_app.core.images.objects import object_key
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.flows.maintenance.recover import Findings, Recovery
from tests.factories import accepted_row, done_row
from tests.fakes.collector import FakeCollectorRow, FakeImageFolders
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore


class Harness:
    def __init__(self) -> None:
        self.rows, self.store = FakeImageRepository(), FakeObjectStore()

    def add(self, row: ImageRow, *, there: bool = False) -> ImageRow:
        self.rows.rows[row.key] = row
        if there and row.shown is not None:
            self.store.objects[row.shown.object_key] = b"x"
        return row

    async def recover(self, *, dry_run: bool = False) -> Findings:
        recovery = Recovery(self.rows, FakeImageFolders(self.rows), FakeCollectorRow(self.rows), self.store)
        return await recovery.run(dry_run=dry_run, advance=lambda images: None)


@pytest.fixture
def harness() -> Harness:
    return Harness()


@pytest.mark.parametrize("state", [ImageState.DONE, ImageState.FAILED, ImageState.IN_PROGRESS], ids=str)
async def test_an_image_whose_object_is_gone_is_fetched_anew_whatever_its_state(harness: Harness, state: ImageState) -> None:
    row = harness.add(done_row(version=10, state=state))
    findings = await harness.recover()
    after = harness.rows.rows[row.key]
    assert (findings.missing, findings.republished, findings.missing_images) == (1, 1, [row.key])
    assert (after.state, after.schedule_reason, after.shown) == (ImageState.IN_PROGRESS, ScheduleReason.REPUBLISHED, None)
    assert after.version > 10
    assert (after.shown_version, after.source_url, after.op) == (row.shown_version, row.source_url, row.op)
    assert [entry.outcome for entry in harness.rows.entries] == ["republished"]


async def test_what_is_there_stays_as_it_is(harness: Harness) -> None:
    row = harness.add(done_row(version=10), there=True)
    findings = await harness.recover()
    assert (harness.rows.rows[row.key], findings.images, findings.objects, findings.missing) == (row, 1, 1, 0)


async def test_a_dry_run_tells_and_changes_nothing(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    findings = await harness.recover(dry_run=True)
    assert (findings.missing, findings.republished) == (1, 0)
    assert harness.rows.rows[row.key] == row


async def test_images_that_are_to_go_or_are_gone_are_not_fetched(harness: Harness) -> None:
    harness.add(replace(done_row(version=10), state=ImageState.DELETED, shown=None))
    going = accepted_row(image_id=b"going", version=11)
    harness.add(replace(going, op=Op.DELETE, shown=done_row().shown))
    assert (await harness.recover()).missing == 0


async def test_objects_of_unknown_images_and_of_versions_never_reached_are_kept_and_told(harness: Harness) -> None:
    row = harness.add(done_row(version=10), there=True)
    newer = object_key(*row.key, 11, "b" * 64, "jpg")
    unknown = object_key(99, b"unknown", 5, "c" * 64, "jpg")
    beside = object_key(row.shop_no, b"beside", 5, "c" * 64, "jpg")
    for key in (newer, unknown, beside):
        harness.store.objects[key] = b"x"
    findings = await harness.recover()
    assert (findings.behind, findings.images_behind) == (1, [row.key])
    assert (findings.without_row, sorted(findings.keys_without_row)) == (2, sorted([unknown, beside]))
    assert {newer, unknown, beside} <= harness.store.objects.keys()


async def test_an_image_fetched_again_though_the_bucket_has_a_newer_object_is_told_apart(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    harness.store.objects[object_key(*row.key, 11, "b" * 64, "jpg")] = b"x"
    findings = await harness.recover()
    assert (findings.missing, findings.behind, findings.replaced) == (1, 1, 1)


async def test_an_image_stored_while_the_bucket_is_compared_is_not_missing(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    assert row.shown is not None
    key = row.shown.object_key
    harness.store.before_exists = lambda: harness.store.objects.update({key: b"x"})
    assert (await harness.recover()).missing == 0


async def test_a_row_that_moved_on_is_left_to_itself(harness: Harness) -> None:
    row = harness.add(done_row(version=10))
    assert row.shown is not None
    moved = done_row(version=11, shown=replace(row.shown, object_key="shops/7/x/11-new.jpg"))
    harness.store.before_exists = lambda: harness.rows.rows.update({row.key: moved})
    assert (await harness.recover()).republished == 0
    assert harness.rows.rows[row.key] == moved


async def test_many_images_are_compared_page_by_page(harness: Harness) -> None:
    for number in range(2500):
        harness.add(done_row(image_id=b"%06d" % number, version=10), there=number % 2 == 0)
    findings = await harness.recover()
    assert (findings.images, findings.missing, findings.republished) == (2500, 1250, 1250)
