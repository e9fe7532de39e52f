"""The deep check: what it reads, and that it names a broken promise and nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from faust_app.core.images.objects import object_key
from faust_app.core.images.outcome import Garbage, HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.verify.acknowledged_requests import LedgerRequest, LedgerRequests
from faust_app.flows.maintenance.deep_check import BYTES_RULE, DeepCheck, DeepFindings
from tests.factories import NOW, SOURCE, accepted_row, done_row
from tests.fakes.collector import FakeGarbageRepository, FakeImageFolders, FakeImageHistory
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore

BYTES = b"the bytes"


class Harness:
    def __init__(self) -> None:
        self.rows, self.store = FakeImageRepository(), FakeObjectStore()
        self.dead_letters: dict[ImageKey, set[int]] = {}
        self.advanced: list[int] = []

    def add(self, row: ImageRow, *outcomes: str, content: bytes = BYTES) -> ImageRow:
        if row.shown is not None:
            row = replace(row, shown=replace(row.shown, sha256=hashlib.sha256(BYTES).digest()))
            assert row.shown is not None
            self.store.objects[row.shown.object_key] = content
        self.rows.rows[row.key] = row
        self.rows.entries += [HistoryEntry(row.key, NOW, row.version, outcome) for outcome in outcomes]
        return row

    async def check(self, requests: Mapping[ImageKey, LedgerRequests] | None = None, *, read_bytes: bool = True) -> DeepFindings:
        folders, history = FakeImageFolders(self.rows, page=2), FakeImageHistory(self.rows)
        check = DeepCheck(folders, history, FakeGarbageRepository(self.rows), self.store, self.dead_letters, read_bytes=read_bytes)
        return await check.run(requests or {}, self.advanced.append)


@pytest.fixture
def harness() -> Harness:
    return Harness()


async def test_where_every_promise_is_kept_nothing_is_found(harness: Harness) -> None:
    for number in range(5):
        harness.add(done_row(image_id=b"i%d" % number), "stored")
    harness.add(done_row(8), "stored")
    failed = harness.add(replace(accepted_row(image_id=b"failed"), state=ImageState.FAILED, scheduled_at=None), "failed")
    harness.dead_letters[failed.key] = {failed.version}
    findings = await harness.check()
    assert (findings.ok, findings.violations) == (True, [])
    assert findings.states == {ImageState.DONE: 6, ImageState.FAILED: 1}
    assert (findings.objects, findings.unlisted) == (6, 0)
    assert harness.advanced == [2, 2, 2, 1]


async def test_a_missing_object_and_other_bytes_are_each_named(harness: Harness) -> None:
    gone, other = harness.add(done_row(image_id=b"gone"), "stored"), harness.add(done_row(image_id=b"other"), "stored", content=b"no")
    assert gone.shown is not None
    assert other.shown is not None
    del harness.store.objects[gone.shown.object_key]
    found = {(violation.rule, violation.image_id, violation.key) for violation in (await harness.check()).violations}
    assert found == {("I6 the shown object exists", b"gone", gone.shown.object_key), (BYTES_RULE, b"other", other.shown.object_key)}
    assert [violation.image_id for violation in (await harness.check(read_bytes=False)).violations] == [b"gone"]


async def test_an_object_that_nothing_shows_is_counted_unless_it_is_listed(harness: Harness) -> None:
    row = harness.add(done_row(), "stored")
    old, older = (object_key(*row.key, version, "c" * 64, "jpg") for version in (1, 2))
    harness.store.objects |= {old: b"", older: b""}
    harness.rows.garbage[1] = Garbage(row.key, old, NOW)
    findings = await harness.check()
    assert (findings.objects, findings.unlisted, findings.ok) == (3, 1, True)


async def test_the_objects_of_a_deleted_image_have_to_be_listed(harness: Harness) -> None:
    row = harness.add(replace(done_row(), state=ImageState.DELETED, shown=None), "stored", "deleted")
    key = object_key(*row.key, 1, "c" * 64, "jpg")
    harness.store.objects[key] = b""
    rules = {violation.rule for violation in (await harness.check()).violations}
    assert "I4 a deleted image has no object" in rules
    harness.rows.garbage[1] = Garbage(row.key, key.rpartition("/")[0] + "/", NOW)
    rules = {violation.rule for violation in (await harness.check()).violations}
    assert "I4 a deleted image has no object" not in rules


async def test_a_failed_image_without_its_dead_letter_is_named(harness: Harness) -> None:
    row = harness.add(replace(accepted_row(version=12), state=ImageState.FAILED, scheduled_at=None), "failed")
    harness.dead_letters[row.key] = {11}
    assert [violation.rule for violation in (await harness.check()).violations] == ["I8 a failed image has a dead letter"]


async def test_what_a_ledger_acknowledged_has_to_be_in_the_rows(harness: Harness) -> None:
    harness.add(done_row(version=10), "stored")
    acknowledged = LedgerRequests(acknowledged=LedgerRequest(SOURCE, 10))
    findings = await harness.check({(7, b"a"): acknowledged, (7, b"b"): acknowledged})
    assert [(violation.image_id, violation.detail) for violation in findings.violations] == [(b"b", "an acknowledged request has no row")]
