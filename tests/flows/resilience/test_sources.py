"""Sources that fail in a row are left alone; a network of ours that is away blames nobody."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.failure import Dependency, FailureCode, Permanent, Transient
from faust_app.core.images.row import ImageRow, ImageState, WakeReason
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched
from faust_app.core.sources.health import ALL_SHOPS
from faust_app.flows.images.executor import Handled
from faust_app.flows.resilience import egress as way_out
from faust_app.flows.resilience import sources as sources_module
from tests.factories import event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerBench

REFUSED = Transient(FailureCode.SOURCE_UNREACHABLE, "refused")
SILENT = Transient(FailureCode.SOURCE_UNREACHABLE, "no connection in time", silent=True)
HOSTS = range(1, 7)


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


async def events(bench: WorkerBench, count: int) -> list[Record]:
    return [await event(bench, 1, f"i{n}") for n in range(count)]


async def met(bench: WorkerBench, *hosts: str) -> None:
    """Let each host, of a shop of its own, have answered."""
    for shop, host in enumerate(hosts, start=101):
        record = await event(bench, shop, "known", host)
        bench.fetcher.sources[f"http://{host}/known.jpg"] = Fetched(JPEG)
        await bench.ingest(record)


def a_minute_passes(bench: WorkerBench) -> None:
    bench.records.advance += timedelta(seconds=61)


def attempts(bench: WorkerBench) -> int:
    return sum(row.attempt for row in bench.rows.rows.values())


@pytest.mark.parametrize(
    "failure",
    [
        REFUSED,
        SILENT,
        Transient(FailureCode.SOURCE_ERROR),
        Permanent(FailureCode.SOURCE_UNAUTHORIZED),
        Permanent(FailureCode.BAD_CERTIFICATE),
    ],
    ids=lambda failure: f"{failure.code.value} {getattr(failure, 'silent', False)}",
)
async def test_from_the_tenth_failure_in_a_row_on_a_host_costs_no_image_anything(bench: WorkerBench, failure: Transient) -> None:
    records = await events(bench, 12)
    answer(bench, records, failure)
    for record in records:
        await bench.ingest(record)
    for image_id in ("i9", "i10", "i11"):
        row = row_of(bench, image_id)
        assert (row.state, row.attempt, row.wake_reason, row.position) == (ImageState.IN_PROGRESS, 0, WakeReason.PARKED, None)
    assert len(bench.fetcher.fetched) == 10
    assert bench.count("parked") == 3


async def test_fetches_that_had_begun_when_the_tenth_failed_cost_nothing_either(bench: WorkerBench) -> None:
    records = await events(bench, 30)
    answer(bench, records, REFUSED)
    await asyncio.gather(*(bench.ingest(record) for record in records))
    assert len(bench.fetcher.fetched) == 30, "all had begun"
    assert attempts(bench) <= 9


async def test_the_failures_in_a_row_of_all_workers_are_counted_together(bench: WorkerBench) -> None:
    other = WorkerBench(outside=bench)
    records = await events(bench, 30)
    answer(bench, records, REFUSED)
    for number, record in enumerate(records):
        await (bench, other)[number % 2].ingest(record)
    assert attempts(bench) == 9
    assert len(bench.fetcher.fetched) <= 11, "the other worker meets it once more at most"


async def test_a_worker_that_starts_knows_which_hosts_are_down(bench: WorkerBench) -> None:
    records = await events(bench, 40)
    answer(bench, records, REFUSED)
    for start in range(0, 40, 10):
        restarted = WorkerBench(outside=bench)
        for record in records[start : start + 10]:
            await restarted.ingest(record)
    assert attempts(bench) == 9
    assert len(bench.fetcher.fetched) == 10


async def test_an_image_whose_last_attempt_finds_its_host_down_is_not_final(bench: WorkerBench) -> None:
    records = await events(bench, 10)
    answer(bench, records, REFUSED)
    for record in records[:9]:
        await bench.ingest(record)
    last = row_of(bench, "i9")
    bench.rows.rows[last.key] = replace(last, attempt=3)
    await bench.ingest(event_record(bench.rows.rows[last.key]))
    assert (row_of(bench, "i9").state, row_of(bench, "i9").wake_reason) == (ImageState.IN_PROGRESS, WakeReason.PARKED)
    assert bench.letters() == []


async def test_the_first_answer_of_a_deferred_host_wakes_its_images_at_once(bench: WorkerBench) -> None:
    records = await events(bench, 13)
    answer(bench, records, REFUSED)
    for record in records:
        await bench.ingest(record)
    answer(bench, records, Fetched(JPEG))
    a_minute_passes(bench)
    probe = await event(bench, 1, "probe")
    bench.fetcher.sources["http://h.test/probe.jpg"] = Fetched(JPEG)
    await bench.sources.run_pass()
    await bench.ingest(probe)
    assert row_of(bench, "probe").state is ImageState.DONE
    await bench.sources.run_pass()
    woken = {row.key[1] for row in await bench.rows.claim_due(10, timedelta(seconds=20))}
    assert woken == {b"i9", b"i10", b"i11", b"i12"}
    assert row_of(bench, "i10").wake_reason is WakeReason.WOKEN


async def test_a_worker_that_did_not_see_the_answer_goes_on_with_the_host_as_well(bench: WorkerBench) -> None:
    other = WorkerBench(outside=bench)
    records = await events(bench, 12)
    answer(bench, records, REFUSED)
    for record in records:
        await bench.ingest(record)
    await other.sources.run_pass()
    a_minute_passes(bench)
    answer(bench, records, Fetched(JPEG))
    await bench.sources.run_pass()
    await bench.ingest(records[9])
    await bench.sources.run_pass()
    await other.sources.run_pass()
    await other.ingest(records[10])
    assert row_of(bench, "i10").state is ImageState.DONE


async def test_one_deferred_image_a_minute_is_woken_to_probe_its_host_and_pays_nothing(bench: WorkerBench) -> None:
    records = await events(bench, 13)
    answer(bench, records, REFUSED)
    for record in records:
        await bench.ingest(record)
    await bench.sources.run_pass()
    assert await bench.rows.claim_due(10, timedelta(seconds=20)) == []
    a_minute_passes(bench)
    await bench.sources.run_pass()
    await bench.sources.run_pass()
    (woken,) = await bench.rows.claim_due(10, timedelta(seconds=20))
    await bench.ingest(event_record(woken))
    assert len(bench.fetcher.fetched) == 11
    assert (attempts(bench), bench.rows.rows[woken.key].wake_reason) == (9, WakeReason.PARKED)


async def test_of_two_workers_with_images_of_a_host_that_is_due_for_a_probe_one_probes(bench: WorkerBench) -> None:
    records = await events(bench, 12)
    answer(bench, records, REFUSED)
    for record in records:
        await bench.ingest(record)
    other = WorkerBench(outside=bench)
    a_minute_passes(bench)
    await asyncio.gather(bench.sources.run_pass(), other.sources.run_pass())
    await asyncio.gather(*(worker.ingest(record) for worker in (bench, other) for record in records[9:]))
    assert len(bench.fetcher.fetched) == 11


@pytest.mark.parametrize(
    ("code", "given_up"), [(FailureCode.SOURCE_TIMEOUT, "host_down"), (FailureCode.SOURCE_FORBIDDEN, "source_blocked")]
)
async def test_an_image_that_waited_a_day_for_its_host_fails_by_a_code_of_its_own(
    bench: WorkerBench, monkeypatch: pytest.MonkeyPatch, code: FailureCode, given_up: str
) -> None:
    records = await events(bench, 11)
    answer(bench, records, Transient(code))
    for record in records[:10]:
        await bench.ingest(record)
    monkeypatch.setattr(sources_module, "PATIENCE", timedelta(0))
    await bench.ingest(records[10])
    last = row_of(bench, "i10")
    assert (last.state, last.error_code) == (ImageState.FAILED, given_up)


async def test_a_missing_image_says_that_its_host_is_well(bench: WorkerBench) -> None:
    records = await events(bench, 12)
    answer(bench, records, Permanent(FailureCode.SOURCE_NOT_FOUND))
    for record in records:
        await bench.ingest(record)
    assert len(bench.fetcher.fetched) == 12


async def test_images_of_a_host_that_answers_write_nothing_about_it(bench: WorkerBench) -> None:
    records = await events(bench, 100)
    answer(bench, records, Fetched(JPEG))
    for record in records:
        await bench.ingest(record)
        await bench.sources.run_pass()
    assert bench.records.changes == 1
    assert set(bench.records.records) == {("h.test", ALL_SHOPS)}


async def test_a_failure_that_cannot_be_counted_is_charged_to_nobody(bench: WorkerBench) -> None:
    records = await events(bench, 1)
    answer(bench, records, REFUSED)
    await bench.sources.run_pass()
    bench.records.away = bench.rows.away = True
    assert await bench.ingest(records[0]) is Handled.RETURNED
    bench.records.away = bench.rows.away = False
    assert attempts(bench) == 0


# Our own network


async def test_a_network_of_ours_that_is_down_costs_no_image_an_attempt(bench: WorkerBench) -> None:
    await met(bench, *(f"h{n}.test" for n in HOSTS))
    records = [await event(bench, shop, f"i{n}", f"h{shop}.test") for shop in HOSTS for n in range(5)]
    answer(bench, records, SILENT)
    bench.fetcher.reachable = False
    now = asyncio.get_running_loop().time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(way_out, "_now", lambda: now + 60)
        ends = await asyncio.gather(*(bench.ingest(record) for record in records))
        assert ends == [Handled.RETURNED] * len(records)
        assert attempts(bench) == 0
        assert bench.breakers[Dependency.EGRESS].is_open
        assert bench.breakers.may_start, "which events are tried is for the rules of the way out to say"
        bench.fetcher.reachable = True
        answer(bench, records, Fetched(JPEG))
        await bench.breakers[Dependency.EGRESS].closed()
    await asyncio.gather(*(bench.ingest(record) for record in records))
    assert {row.state for row in bench.rows.rows.values()} == {ImageState.DONE}


@pytest.mark.parametrize("known", [True, False], ids=["of a host that answered", "of a host never met"])
async def test_a_worker_that_starts_while_our_network_is_down_spends_no_attempt(bench: WorkerBench, *, known: bool) -> None:
    await met(bench, *(f"h{n}.test" for n in HOSTS))
    await bench.sources.run_pass()
    late = WorkerBench(outside=bench)
    record = await event(bench, 1, "late", "h1.test" if known else "new.test")
    bench.fetcher.sources = dict.fromkeys(bench.fetcher.sources, SILENT)
    bench.fetcher.sources[f"http://{'h1' if known else 'new'}.test/late.jpg"] = SILENT
    bench.fetcher.reachable = False
    assert await late.ingest(record) is Handled.RETURNED
    assert late.breakers[Dependency.EGRESS].is_open
    assert row_of(bench, "late").attempt == 0
    await late.breakers.stop()


async def test_an_address_to_probe_says_that_our_network_is_down_though_no_host_is_known() -> None:
    bench = WorkerBench(probe_url="http://probe.test/")
    record = await event(bench, 1, "a", "new.test")
    bench.fetcher.sources["http://new.test/a.jpg"] = SILENT
    bench.fetcher.reachable = False
    assert await bench.ingest(record) is Handled.RETURNED
    assert bench.fetcher.asked == ["http://probe.test/"]
    await bench.breakers.stop()


@pytest.mark.parametrize("failure", [REFUSED, SILENT, Transient(FailureCode.SOURCE_UNKNOWN_HOST)], ids=["refused", "silent", "denied"])
async def test_dead_hosts_alone_never_say_that_our_network_is_down(bench: WorkerBench, failure: Transient) -> None:
    records = [await event(bench, shop, f"i{n}", f"h{shop}.test") for shop in range(1, 31) for n in range(6)]
    answer(bench, records, failure)
    bench.fetcher.reachable = False
    ends = await asyncio.gather(*(bench.ingest(record) for record in records))
    assert ends == [Handled.DONE] * len(records)
    assert bench.breakers.all_closed
    good = await event(bench, 99, "good", "good.test")
    bench.fetcher.sources["http://good.test/good.jpg"] = Fetched(JPEG)
    await bench.ingest(good)
    assert row_of(bench, "good", 99).state is ImageState.DONE


@pytest.mark.parametrize("failure", [REFUSED, Transient(FailureCode.SOURCE_UNKNOWN_HOST)], ids=["refused", "denied"])
async def test_hosts_that_refuse_or_do_not_exist_any_more_say_nothing_about_us(bench: WorkerBench, failure: Transient) -> None:
    await met(bench, *(f"h{n}.test" for n in HOSTS))
    records = [await event(bench, shop, f"i{n}", f"h{shop}.test") for shop in HOSTS for n in range(5)]
    answer(bench, records, failure)
    bench.fetcher.reachable = False
    await asyncio.gather(*(bench.ingest(record) for record in records))
    assert bench.breakers.all_closed
    assert attempts(bench) == len(records)


async def test_an_event_that_is_answered_while_our_network_counts_as_down_ends_that(bench: WorkerBench) -> None:
    await met(bench, *(f"h{n}.test" for n in HOSTS))
    bench.pace.egress.open()
    bench.breakers[Dependency.EGRESS].open("all hosts fell silent")
    bench.fetcher.reachable = False
    record = await event(bench, 99, "good", "good.test")
    bench.fetcher.sources["http://good.test/good.jpg"] = Fetched(JPEG)
    assert await bench.ingest(record) is Handled.DONE
    assert bench.breakers.all_closed
    assert not bench.pace.egress.is_open


async def test_one_host_that_is_down_is_its_own_fault_however_many_images_it_has(bench: WorkerBench) -> None:
    records = [await event(bench, shop, f"i{n}") for shop in range(1, 7) for n in range(5)]
    answer(bench, records, SILENT)
    ends = await asyncio.gather(*(bench.ingest(record) for record in records))
    assert ends == [Handled.DONE] * len(records)
    assert bench.breakers.all_closed


async def test_a_fetch_that_began_while_our_network_was_down_is_charged_to_nobody_when_it_ends_later(bench: WorkerBench) -> None:
    await met(bench, *(f"h{n}.test" for n in HOSTS))
    bench.pace.egress.open()
    bench.breakers[Dependency.EGRESS].open("all hosts fell silent")
    bench.fetcher.gate.clear()
    slow, quick = await event(bench, 1, "slow", "h1.test"), await event(bench, 2, "quick", "h2.test")
    bench.fetcher.sources |= {"http://h1.test/slow.jpg": SILENT, "http://h2.test/quick.jpg": Fetched(JPEG)}
    tasks = [asyncio.create_task(bench.ingest(record)) for record in (quick, slow)]
    await asyncio.sleep(0.01)
    bench.fetcher.gate.set()
    assert await asyncio.gather(*tasks) == [Handled.DONE, Handled.RETURNED]
    assert bench.breakers.all_closed
    assert row_of(bench, "slow").attempt == 0


async def test_a_worker_that_starts_late_wakes_also_the_shops_that_only_waited(bench: WorkerBench) -> None:
    records = [*await events(bench, 10), await event(bench, 2, "waits")]
    answer(bench, records, REFUSED)
    for record in records:
        await bench.ingest(record)
    await bench.sources.run_pass()
    late = WorkerBench(outside=bench)
    await late.sources.run_pass()
    a_minute_passes(bench)
    await late.sources.run_pass()
    answer(bench, records, Fetched(JPEG))
    await late.ingest(records[9])
    await late.sources.run_pass()
    assert row_of(bench, "waits", 2).wake_at <= bench.rows._clock()  # type: ignore[operator]


@pytest.mark.parametrize("code", [FailureCode.SOURCE_ERROR, FailureCode.SOURCE_TLS, FailureCode.SOURCE_FORBIDDEN])
async def test_a_host_that_says_no_says_that_our_network_is_up(bench: WorkerBench, code: FailureCode) -> None:
    bench.pace.egress.open()
    bench.breakers[Dependency.EGRESS].open("all hosts fell silent")
    bench.fetcher.reachable = False
    record = await event(bench, 1, "a")
    bench.fetcher.sources["http://h.test/a.jpg"] = Transient(code)
    await bench.ingest(record)
    assert bench.breakers.all_closed
