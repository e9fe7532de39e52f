"""Sources that fail in a row are left alone; a network of ours that is away blames nobody."""

import asyncio
from datetime import timedelta

import pytest

from faust_app.core.content import Fetched
from faust_app.core.failure import Dependency, FailureCode, Permanent, Transient
from faust_app.core.image import ImageRow, ImageState, WakeReason
from faust_app.core.record import Record
from faust_app.flows import sources as sources_module
from faust_app.flows.ingest import Handled
from tests.factories import event_record, make_request
from tests.flows.worker_bench import JPEG, WorkerBench

DOWN = Transient(FailureCode.SOURCE_UNREACHABLE, "refused")


async def event(bench: WorkerBench, shop_no: int, image_id: str, host: str = "h.test") -> Record:
    row = await bench.accept_request(make_request(shop_no, image_id, source_url=f"http://{host}/{image_id}.jpg"))
    return event_record(row)


def answer(bench: WorkerBench, records: list[Record], reply: Fetched | Exception) -> None:
    for row in bench.rows.rows.values():
        assert row.source_url is not None
        bench.fetcher.sources[row.source_url] = reply
    assert records


def row_of(bench: WorkerBench, image_id: str, shop_no: int = 1) -> ImageRow:
    return bench.rows.rows[shop_no, image_id.encode()]


@pytest.mark.parametrize(
    "failure",
    [DOWN, Transient(FailureCode.SOURCE_ERROR), Permanent(FailureCode.SOURCE_UNAUTHORIZED), Permanent(FailureCode.BAD_CERTIFICATE)],
    ids=lambda failure: failure.code.value,
)
async def test_the_eleventh_image_of_a_host_that_fails_in_a_row_is_parked_and_not_fetched(bench: WorkerBench, failure: Transient) -> None:
    records = [await event(bench, 1, f"i{n}") for n in range(11)]
    answer(bench, records, failure)
    for record in records:
        await bench.ingest(record)
    last = row_of(bench, "i10")
    assert (last.state, last.attempt, last.wake_reason, last.position) == (ImageState.IN_PROGRESS, 0, WakeReason.PARKED, None)
    assert len(bench.fetcher.fetched) == 10
    assert bench.count("parked") == 1


async def test_the_first_answer_of_a_parked_host_wakes_its_images_at_once(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [await event(bench, 1, f"i{n}") for n in range(13)]
    answer(bench, records, DOWN)
    for record in records:
        await bench.ingest(record)
    answer(bench, records, Fetched(JPEG))
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(sources_module, "_now", lambda: now + 61)
    probe = await event(bench, 1, "probe")
    bench.fetcher.sources["http://h.test/probe.jpg"] = Fetched(JPEG)
    await bench.ingest(probe)
    assert row_of(bench, "probe").state is ImageState.DONE
    await bench.sources.run_pass()
    woken = {row.key[1] for row in await bench.rows.claim_due(10, timedelta(seconds=20))}
    assert woken == {b"i10", b"i11", b"i12"}
    assert row_of(bench, "i10").wake_reason is WakeReason.WOKEN


async def test_one_parked_image_a_minute_is_woken_to_probe_its_host(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [await event(bench, 1, f"i{n}") for n in range(13)]
    answer(bench, records, DOWN)
    for record in records:
        await bench.ingest(record)
    await bench.sources.run_pass()
    assert await bench.rows.claim_due(10, timedelta(seconds=20)) == []
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(sources_module, "_now", lambda: now + 61)
    await bench.sources.run_pass()
    assert len(await bench.rows.claim_due(10, timedelta(seconds=20))) == 1


@pytest.mark.parametrize(
    ("code", "given_up"), [(FailureCode.SOURCE_TIMEOUT, "host_down"), (FailureCode.SOURCE_FORBIDDEN, "source_blocked")]
)
async def test_an_image_that_waited_a_day_for_its_host_fails_by_a_code_of_its_own(
    bench: WorkerBench, monkeypatch: pytest.MonkeyPatch, code: FailureCode, given_up: str
) -> None:
    records = [await event(bench, 1, f"i{n}") for n in range(11)]
    answer(bench, records, Transient(code))
    for record in records[:10]:
        await bench.ingest(record)
    monkeypatch.setattr(sources_module, "PATIENCE", timedelta(0))
    await bench.ingest(records[10])
    last = row_of(bench, "i10")
    assert (last.state, last.error_code) == (ImageState.FAILED, given_up)


async def test_a_missing_image_says_that_its_host_is_well(bench: WorkerBench) -> None:
    records = [await event(bench, 1, f"i{n}") for n in range(12)]
    answer(bench, records, Permanent(FailureCode.SOURCE_NOT_FOUND))
    for record in records:
        await bench.ingest(record)
    assert len(bench.fetcher.fetched) == 12


async def test_a_network_of_ours_that_is_away_costs_no_image_an_attempt(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "DOUBT_SECONDS", 2.0)
    records = [await event(bench, shop, f"i{n}", f"h{shop}.test") for shop in range(1, 7) for n in range(5)]
    answer(bench, records, DOWN)
    bench.fetcher.reachable = False
    ends = await asyncio.gather(*(bench.ingest(record) for record in records))
    assert ends == [Handled.RETURNED] * len(records)
    assert [row.attempt for row in bench.rows.rows.values()] == [0] * len(records)
    assert bench.breakers[Dependency.EGRESS].is_open
    bench.fetcher.reachable = True
    answer(bench, records, Fetched(JPEG))
    await bench.breakers[Dependency.EGRESS].closed()
    await asyncio.gather(*(bench.ingest(record) for record in records))
    assert {row.state for row in bench.rows.rows.values()} == {ImageState.DONE}


async def test_one_host_that_is_down_is_its_own_fault_however_many_images_it_has(bench: WorkerBench) -> None:
    records = [await event(bench, shop, f"i{n}") for shop in range(1, 7) for n in range(5)]
    answer(bench, records, DOWN)
    ends = await asyncio.gather(*(bench.ingest(record) for record in records))
    assert ends == [Handled.DONE] * len(records)
    assert bench.breakers.all_closed
