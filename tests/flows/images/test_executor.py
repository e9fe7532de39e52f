"""One event from its record to its outcome, with everything around it that can go wrong."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.images.row import ImageRow, ImageState, Origin, event_of
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images.intake import IntakeTerms, decide
from tests.factories import LEASE, SOURCE, event_record, make_record, make_request
from tests.flows.worker_harness import DEAD, JPEG, WorkerHarness
from tests.pictures import picture


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_registered_image_ends_with_its_bytes_in_storage(harness: WorkerHarness) -> None:
    row = await harness.stored()
    assert row.state is ImageState.DONE
    assert row.shown is not None
    assert harness.store.objects == {row.shown.object_key: JPEG}
    assert row.shown.sha256 == hashlib.sha256(JPEG).digest()
    assert harness.store.content_types[row.shown.object_key] == "image/jpeg"
    assert harness.store.metadata[row.shown.object_key] == {"shop-no": "7", "image-id": "a"}
    assert [entry.outcome for entry in harness.rows.entries] == ["stored"]


async def test_the_time_that_a_shop_waits_is_measured_and_that_of_a_repair_is_not(harness: WorkerHarness) -> None:
    row = await harness.accept()
    harness.rows.advance += timedelta(seconds=40)
    record = event_record(row)
    await harness.execute(record)
    dwell = partial(harness.metrics.registry.get_sample_value, labels={"topic": record.topic})
    count, seconds = dwell("shop_images_dwell_seconds_count"), dwell("shop_images_dwell_seconds_sum")
    assert count == 1
    assert seconds is not None
    assert 40 <= seconds < 41
    repair = replace(await harness.accept(Op.UPDATE, source_url=f"{SOURCE}?2"), origin=Origin.REPAIR)
    harness.rows.rows[repair.key] = repair
    harness.fetcher.sources[f"{SOURCE}?2"] = Fetched(JPEG + b"2")
    await harness.execute(event_record(repair))
    assert harness.count("stored") == 2
    assert dwell("shop_images_dwell_seconds_count") == 1


async def test_a_second_delivery_fetches_nothing(harness: WorkerHarness) -> None:
    record = event_record(await harness.accept())
    await harness.execute(record)
    await harness.execute(record)
    assert (len(harness.fetcher.fetched), len(harness.store.puts), harness.count("finished")) == (1, 1, 1)


async def test_a_superseded_event_fetches_nothing(harness: WorkerHarness) -> None:
    old = event_record(await harness.accept())
    await harness.accept(Op.UPDATE, source_url="http://source.test/newer.jpg")
    await harness.execute(old)
    assert (harness.fetcher.fetched, harness.count("superseded"), harness.row.state) == ([], 1, ImageState.IN_PROGRESS)


async def test_an_update_to_the_same_address_is_conditional_and_a_304_transfers_nothing(harness: WorkerHarness) -> None:
    before = await harness.stored()
    await harness.execute(event_record(await harness.accept(Op.UPDATE)))
    assert harness.fetcher.fetched[1] == (SOURCE, Validators('"e1"'))
    assert (harness.row.state, harness.count("not_modified"), len(harness.store.puts)) == (ImageState.DONE, 1, 1)
    assert before.shown is not None
    assert harness.row.shown is not None
    assert harness.row.shown.object_key == before.shown.object_key
    assert harness.row.shown_version == harness.row.version > before.version


async def test_the_same_bytes_from_another_address_are_not_put_again(harness: WorkerHarness) -> None:
    await harness.stored()
    moved = "http://source.test/moved.jpg"
    harness.fetcher.sources[moved] = Fetched(JPEG, Validators('"e9"'))
    await harness.execute(event_record(await harness.accept(Op.UPDATE, source_url=moved)))
    assert (harness.count("same_bytes"), len(harness.store.puts)) == (1, 1)
    assert harness.row.shown is not None
    assert (harness.row.shown.url, harness.row.shown.validators) == (moved, Validators('"e9"'))


@pytest.mark.parametrize("size", [10, 300_000])
async def test_what_is_stored_and_compared_is_the_file_without_its_metadata(size: int) -> None:
    """The larger one is stripped in a thread."""
    harness = WorkerHarness(strip=lambda content: content.replace(b"told", b""))
    try:
        harness.fetcher.sources[SOURCE] = Fetched(JPEG + bytes(size) + b"told")
        row = await harness.stored()
        assert row.shown is not None
        assert harness.store.objects == {row.shown.object_key: JPEG + bytes(size)}
        assert (row.shown.size, row.shown.sha256) == (len(JPEG) + size, hashlib.sha256(JPEG + bytes(size)).digest())
        await harness.execute(event_record(await harness.accept(Op.UPDATE)))
        assert (harness.count("same_bytes"), len(harness.store.puts)) == (1, 1)
    finally:
        await harness.breakers.stop()


async def test_an_update_with_other_bytes_shows_them_and_the_old_object_is_garbage(harness: WorkerHarness) -> None:
    before = await harness.stored()
    harness.fetcher.sources[SOURCE] = Fetched(picture("png"), Validators('"e2"'))
    await harness.execute(event_record(await harness.accept(Op.UPDATE)))
    assert harness.row.shown is not None
    assert harness.row.shown.object_key.endswith(".png")
    assert before.shown is not None
    assert [entry.target for entry in harness.rows.garbage.values()] == [before.shown.object_key]


async def test_a_deleted_image_shows_nothing(harness: WorkerHarness) -> None:
    await harness.stored()
    await harness.execute(event_record(await harness.accept(Op.DELETE)))
    assert (harness.row.state, harness.row.shown, harness.count("deleted")) == (ImageState.DELETED, None, 1)


async def test_an_outcome_of_an_unwanted_version_is_refused_and_its_object_is_garbage(harness: WorkerHarness) -> None:
    row = await harness.accept()

    async def supersede(_: str) -> None:
        harness.store.before_put = None
        await harness.accept(Op.DELETE)

    harness.store.before_put = supersede
    await harness.execute(event_record(row))
    assert (harness.count("refused"), harness.row.state, harness.row.shown) == (1, ImageState.IN_PROGRESS, None)
    assert [entry.target for entry in harness.rows.garbage.values()] == harness.store.puts


async def test_a_permanent_failure_is_a_dead_letter_and_then_a_failed_row(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = failure = Permanent(FailureCode.SOURCE_GONE, "status 410")
    record = event_record(await harness.accept())
    await harness.execute(record)
    assert (harness.row.state, harness.row.error_code, harness.row.error_detail) == (ImageState.FAILED, failure.code.value, failure.detail)
    (letter,) = harness.log.messages[DEAD]
    assert letter.value == record.value
    assert dict(letter.headers)["shop-images-version"] == b"%d" % harness.row.version


async def test_a_redirect_is_told_by_the_host_that_failed(harness: WorkerHarness) -> None:
    harness.fetcher.sources[SOURCE] = Permanent(FailureCode.BAD_CERTIFICATE, "It is not valid.").at("cdn.test")
    await harness.execute(event_record(await harness.accept()))
    (occurrence,) = harness.rows.occurrences
    assert (occurrence.host, occurrence.fingerprint) == ("cdn.test", "bad_certificate@cdn.test")
    assert harness.row.fingerprint == "bad_certificate@cdn.test"
    assert dict(harness.log.messages[DEAD][0].headers)["shop-images-fingerprint"] == b"bad_certificate@cdn.test"


async def test_what_is_not_an_image_fails_and_what_was_shown_stays(harness: WorkerHarness) -> None:
    before = await harness.stored()
    harness.fetcher.sources[SOURCE] = Fetched(b"<html>soon back</html>")
    await harness.execute(event_record(await harness.accept(Op.UPDATE)))
    assert (harness.row.state, harness.row.error_code, harness.row.shown) == (ImageState.FAILED, "not_an_image", before.shown)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda _: make_record(b"\xffnonsense"), "unparseable"),
        (lambda _: make_record(None), "unparseable"),
        (lambda row: event_record(replace(row, version=row.version + 1)), "unknown_version"),
        (lambda row: event_record(replace(row, image_id=b"never seen")), "unknown_version"),
        (lambda row: event_record(row, retry_count=2), "unknown_version"),
    ],
)
async def test_a_record_nothing_stands_behind_goes_raw_to_the_dead_letters_and_touches_no_row(
    harness: WorkerHarness, make: Callable[[ImageRow], Record], code: str
) -> None:
    record = make(await harness.accept())
    before = harness.row
    await harness.execute(record)
    assert (harness.row, harness.letters(), harness.log.messages[DEAD][0].value) == (before, [code], record.value or b"")
    assert [occurrence.fingerprint for occurrence in harness.rows.occurrences] == [f"record.{code}@-"]


async def test_many_events_share_their_loads_and_settles(harness: WorkerHarness) -> None:
    requests = [make_request(7, f"i{n}") for n in range(100)]
    decisions = await harness.rows.change(
        [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
    )
    before = harness.rows.changes
    await asyncio.gather(*(harness.execute(event_record(decision.row)) for decision in decisions))
    assert all(row.state is ImageState.DONE for row in harness.rows.rows.values())
    assert harness.rows.changes - before < 20


async def test_two_workers_on_one_event_store_one_image(harness: WorkerHarness) -> None:
    record = event_record(await harness.accept())
    await asyncio.gather(harness.execute(record), harness.execute(record))
    assert (harness.row.state, harness.count("stored"), harness.count("refused")) == (ImageState.DONE, 1, 1)
    assert harness.rows.garbage == {}, "both made the same key, and it is the one shown"


async def test_a_retry_whose_attempt_is_behind_the_row_is_an_old_copy(harness: WorkerHarness) -> None:
    row = await harness.accept()
    harness.rows.rows[row.key] = replace(row, attempt=1)
    await harness.execute(make_record(event_of(row)))
    assert (harness.count("old_copy"), harness.fetcher.fetched) == (1, [])
