"""One event from its record to its outcome, with everything around it that can go wrong."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.images.row import ImageRow, ImageState, event_of
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images.intake import Terms, decide
from tests.factories import LEASE, SOURCE, event_record, make_record, make_request
from tests.flows.worker_harness import DEAD, JPEG, WorkerBench
from tests.pictures import picture


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_registered_image_ends_with_its_bytes_in_storage(bench: WorkerBench) -> None:
    row = await bench.stored()
    assert row.state is ImageState.DONE
    assert row.shown is not None
    assert bench.store.objects == {row.shown.object_key: JPEG}
    assert row.shown.sha256 == hashlib.sha256(JPEG).digest()
    assert bench.store.content_types[row.shown.object_key] == "image/jpeg"
    assert bench.store.metadata[row.shown.object_key] == {"shop-no": "7", "image-id": "a"}
    assert [entry.outcome for entry in bench.rows.entries] == ["stored"]


async def test_a_second_delivery_fetches_nothing(bench: WorkerBench) -> None:
    record = event_record(await bench.accept())
    await bench.ingest(record)
    await bench.ingest(record)
    assert (len(bench.fetcher.fetched), len(bench.store.puts), bench.count("finished")) == (1, 1, 1)


async def test_a_superseded_event_fetches_nothing(bench: WorkerBench) -> None:
    old = event_record(await bench.accept())
    await bench.accept(Op.UPDATE, source_url="http://source.test/newer.jpg")
    await bench.ingest(old)
    assert (bench.fetcher.fetched, bench.count("superseded"), bench.row.state) == ([], 1, ImageState.IN_PROGRESS)


async def test_an_update_to_the_same_address_is_conditional_and_a_304_transfers_nothing(bench: WorkerBench) -> None:
    before = await bench.stored()
    await bench.ingest(event_record(await bench.accept(Op.UPDATE)))
    assert bench.fetcher.fetched[1] == (SOURCE, Validators('"e1"'))
    assert (bench.row.state, bench.count("not_modified"), len(bench.store.puts)) == (ImageState.DONE, 1, 1)
    assert before.shown is not None
    assert bench.row.shown is not None
    assert bench.row.shown.object_key == before.shown.object_key
    assert bench.row.shown_version == bench.row.version > before.version


async def test_the_same_bytes_from_another_address_are_not_put_again(bench: WorkerBench) -> None:
    await bench.stored()
    moved = "http://source.test/moved.jpg"
    bench.fetcher.sources[moved] = Fetched(JPEG, Validators('"e9"'))
    await bench.ingest(event_record(await bench.accept(Op.UPDATE, source_url=moved)))
    assert (bench.count("same_bytes"), len(bench.store.puts)) == (1, 1)
    assert bench.row.shown is not None
    assert (bench.row.shown.url, bench.row.shown.validators) == (moved, Validators('"e9"'))


@pytest.mark.parametrize("size", [10, 300_000])
async def test_what_is_stored_and_compared_is_the_file_without_its_metadata(size: int) -> None:
    """The larger one is stripped in a thread."""
    bench = WorkerBench(strip=lambda content: content.replace(b"told", b""))
    try:
        bench.fetcher.sources[SOURCE] = Fetched(JPEG + bytes(size) + b"told")
        row = await bench.stored()
        assert row.shown is not None
        assert bench.store.objects == {row.shown.object_key: JPEG + bytes(size)}
        assert (row.shown.size, row.shown.sha256) == (len(JPEG) + size, hashlib.sha256(JPEG + bytes(size)).digest())
        await bench.ingest(event_record(await bench.accept(Op.UPDATE)))
        assert (bench.count("same_bytes"), len(bench.store.puts)) == (1, 1)
    finally:
        await bench.breakers.stop()


async def test_an_update_with_other_bytes_shows_them_and_the_old_object_is_garbage(bench: WorkerBench) -> None:
    before = await bench.stored()
    bench.fetcher.sources[SOURCE] = Fetched(picture("png"), Validators('"e2"'))
    await bench.ingest(event_record(await bench.accept(Op.UPDATE)))
    assert bench.row.shown is not None
    assert bench.row.shown.object_key.endswith(".png")
    assert before.shown is not None
    assert [entry.target for entry in bench.rows.garbage.values()] == [before.shown.object_key]


async def test_a_deleted_image_shows_nothing(bench: WorkerBench) -> None:
    await bench.stored()
    await bench.ingest(event_record(await bench.accept(Op.DELETE)))
    assert (bench.row.state, bench.row.shown, bench.count("deleted")) == (ImageState.DELETED, None, 1)


async def test_an_outcome_for_a_version_that_is_no_longer_wanted_is_refused_and_its_object_is_garbage(bench: WorkerBench) -> None:
    row = await bench.accept()

    async def supersede(_: str) -> None:
        bench.store.before_put = None
        await bench.accept(Op.DELETE)

    bench.store.before_put = supersede
    await bench.ingest(event_record(row))
    assert (bench.count("refused"), bench.row.state, bench.row.shown) == (1, ImageState.IN_PROGRESS, None)
    assert [entry.target for entry in bench.rows.garbage.values()] == bench.store.puts


async def test_a_permanent_failure_is_a_dead_letter_and_then_a_failed_row(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = failure = Permanent(FailureCode.SOURCE_GONE, "status 410")
    record = event_record(await bench.accept())
    await bench.ingest(record)
    assert (bench.row.state, bench.row.error_code, bench.row.error_detail) == (ImageState.FAILED, failure.code.value, failure.detail)
    (letter,) = bench.log.messages[DEAD]
    assert letter.value == record.value
    assert dict(letter.headers)["shop-images-version"] == b"%d" % bench.row.version


async def test_a_redirect_is_told_by_the_host_that_failed(bench: WorkerBench) -> None:
    bench.fetcher.sources[SOURCE] = Permanent(FailureCode.BAD_CERTIFICATE, "It is not valid.").at("cdn.test")
    await bench.ingest(event_record(await bench.accept()))
    (occurrence,) = bench.rows.occurrences
    assert (occurrence.host, occurrence.fingerprint) == ("cdn.test", "bad_certificate@cdn.test")
    assert bench.row.fingerprint == "bad_certificate@cdn.test"
    assert dict(bench.log.messages[DEAD][0].headers)["shop-images-fingerprint"] == b"bad_certificate@cdn.test"


async def test_what_is_not_an_image_fails_and_what_was_shown_stays(bench: WorkerBench) -> None:
    before = await bench.stored()
    bench.fetcher.sources[SOURCE] = Fetched(b"<html>soon back</html>")
    await bench.ingest(event_record(await bench.accept(Op.UPDATE)))
    assert (bench.row.state, bench.row.error_code, bench.row.shown) == (ImageState.FAILED, "not_an_image", before.shown)


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
    bench: WorkerBench, make: Callable[[ImageRow], Record], code: str
) -> None:
    record = make(await bench.accept())
    before = bench.row
    await bench.ingest(record)
    assert (bench.row, bench.letters(), bench.log.messages[DEAD][0].value) == (before, [code], record.value or b"")
    assert [occurrence.fingerprint for occurrence in bench.rows.occurrences] == [f"record.{code}@-"]


async def test_many_events_share_their_loads_and_settles(bench: WorkerBench) -> None:
    requests = [make_request(7, f"i{n}") for n in range(100)]
    decisions = await bench.rows.change([r.key for r in requests], lambda locked: decide(requests, locked, Terms(LEASE)), create=True)
    before = bench.rows.changes
    await asyncio.gather(*(bench.ingest(event_record(decision.row)) for decision in decisions))
    assert all(row.state is ImageState.DONE for row in bench.rows.rows.values())
    assert bench.rows.changes - before < 20


async def test_two_workers_on_one_event_store_one_image(bench: WorkerBench) -> None:
    record = event_record(await bench.accept())
    await asyncio.gather(bench.ingest(record), bench.ingest(record))
    assert (bench.row.state, bench.count("stored"), bench.count("refused")) == (ImageState.DONE, 1, 1)
    assert bench.rows.garbage == {}, "both made the same key, and it is the one shown"


async def test_a_retry_whose_attempt_is_behind_the_row_is_an_old_copy(bench: WorkerBench) -> None:
    row = await bench.accept()
    bench.rows.rows[row.key] = replace(row, attempt=1)
    await bench.ingest(make_record(event_of(row)))
    assert (bench.count("old_copy"), bench.fetcher.fetched) == (1, [])
