"""Sources that fail in a row are left alone; a network of ours that is unavailable blames nobody."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.failure import Dependency, FailureCode, Permanent, Transient
from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched
from faust_app.core.sources.health import ALL_SHOPS
from faust_app.flows.images.executor import Handled
from faust_app.flows.resilience import egress as egress_module
from faust_app.flows.resilience import sources as sources_module
from tests.factories import event_record, make_request
from tests.flows.worker_harness import JPEG, WorkerHarness

REFUSED = Transient(FailureCode.SOURCE_UNREACHABLE, "refused")
SILENT = Transient(FailureCode.SOURCE_UNREACHABLE, "no connection in time", silent=True)
HOSTS = range(1, 7)


async def event(harness: WorkerHarness, shop_no: int, image_id: str, host: str = "h.test") -> Record:
    row = await harness.accept_request(make_request(shop_no, image_id, source_url=f"http://{host}/{image_id}.jpg"))
    return event_record(row)


def answer(harness: WorkerHarness, records: list[Record], reply: Fetched | Exception) -> None:
    for row in harness.rows.rows.values():
        assert row.source_url is not None
        harness.fetcher.sources[row.source_url] = reply
    assert records


def row_of(harness: WorkerHarness, image_id: str, shop_no: int = 1) -> ImageRow:
    return harness.rows.rows[shop_no, image_id.encode()]


async def events(harness: WorkerHarness, count: int) -> list[Record]:
    return [await event(harness, 1, f"i{n}") for n in range(count)]


async def met(harness: WorkerHarness, *hosts: str) -> None:
    """Record an answer of each host, for a shop of its own."""
    for shop, host in enumerate(hosts, start=101):
        record = await event(harness, shop, "known", host)
        harness.fetcher.sources[f"http://{host}/known.jpg"] = Fetched(JPEG)
        await harness.execute(record)


def a_minute_passes(harness: WorkerHarness) -> None:
    harness.records.advance += timedelta(seconds=61)


def attempts(harness: WorkerHarness) -> int:
    return sum(row.attempt for row in harness.rows.rows.values())


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
async def test_from_the_tenth_failure_in_a_row_on_a_host_costs_no_image_anything(harness: WorkerHarness, failure: Transient) -> None:
    records = await events(harness, 12)
    answer(harness, records, failure)
    for record in records:
        await harness.execute(record)
    for image_id in ("i9", "i10", "i11"):
        row = row_of(harness, image_id)
        assert (row.state, row.attempt, row.schedule_reason, row.position) == (ImageState.IN_PROGRESS, 0, ScheduleReason.DEFERRED, None)
    assert len(harness.fetcher.fetched) == 10
    assert harness.count("deferred") == 3


async def test_fetches_that_had_begun_when_the_tenth_failed_cost_nothing_either(harness: WorkerHarness) -> None:
    records = await events(harness, 30)
    answer(harness, records, REFUSED)
    await asyncio.gather(*(harness.execute(record) for record in records))
    assert len(harness.fetcher.fetched) == 30, "all had begun"
    assert attempts(harness) <= 9


async def test_the_failures_in_a_row_of_all_workers_are_counted_together(harness: WorkerHarness) -> None:
    other = WorkerHarness(outside=harness)
    records = await events(harness, 30)
    answer(harness, records, REFUSED)
    for number, record in enumerate(records):
        await (harness, other)[number % 2].execute(record)
    assert attempts(harness) == 9
    assert len(harness.fetcher.fetched) <= 11, "the other worker meets it once more at most"


async def test_a_worker_that_starts_knows_which_hosts_are_down(harness: WorkerHarness) -> None:
    records = await events(harness, 40)
    answer(harness, records, REFUSED)
    for start in range(0, 40, 10):
        restarted = WorkerHarness(outside=harness)
        for record in records[start : start + 10]:
            await restarted.execute(record)
    assert attempts(harness) == 9
    assert len(harness.fetcher.fetched) == 10


async def test_an_image_whose_last_attempt_finds_its_host_down_is_not_final(harness: WorkerHarness) -> None:
    records = await events(harness, 10)
    answer(harness, records, REFUSED)
    for record in records[:9]:
        await harness.execute(record)
    last = row_of(harness, "i9")
    harness.rows.rows[last.key] = replace(last, attempt=3)
    await harness.execute(event_record(harness.rows.rows[last.key]))
    assert (row_of(harness, "i9").state, row_of(harness, "i9").schedule_reason) == (ImageState.IN_PROGRESS, ScheduleReason.DEFERRED)
    assert harness.letters() == []


async def test_the_first_answer_of_a_deferred_host_wakes_its_images_at_once(harness: WorkerHarness) -> None:
    records = await events(harness, 13)
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    answer(harness, records, Fetched(JPEG))
    a_minute_passes(harness)
    probe = await event(harness, 1, "probe")
    harness.fetcher.sources["http://h.test/probe.jpg"] = Fetched(JPEG)
    await harness.sources.run_pass()
    await harness.execute(probe)
    assert row_of(harness, "probe").state is ImageState.DONE
    await harness.sources.run_pass()
    released = {row.key[1] for row in await harness.rows.claim_due(10, timedelta(seconds=20))}
    assert released == {b"i9", b"i10", b"i11", b"i12"}
    assert harness.alerts.faults == {}, "its alert is closed"
    assert row_of(harness, "i10").schedule_reason is ScheduleReason.DISPATCHED


async def test_a_worker_that_did_not_see_the_answer_goes_on_with_the_host_as_well(harness: WorkerHarness) -> None:
    other = WorkerHarness(outside=harness)
    records = await events(harness, 12)
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    await other.sources.run_pass()
    a_minute_passes(harness)
    answer(harness, records, Fetched(JPEG))
    await harness.sources.run_pass()
    await harness.execute(records[9])
    await harness.sources.run_pass()
    await other.sources.run_pass()
    await other.execute(records[10])
    assert row_of(harness, "i10").state is ImageState.DONE


async def test_one_deferred_image_a_minute_is_released_to_probe_its_host_and_pays_nothing(harness: WorkerHarness) -> None:
    records = await events(harness, 13)
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    await harness.sources.run_pass()
    assert await harness.rows.claim_due(10, timedelta(seconds=20)) == []
    a_minute_passes(harness)
    await harness.sources.run_pass()
    await harness.sources.run_pass()
    (released,) = await harness.rows.claim_due(10, timedelta(seconds=20))
    await harness.execute(event_record(released))
    assert len(harness.fetcher.fetched) == 11
    assert (attempts(harness), harness.rows.rows[released.key].schedule_reason) == (9, ScheduleReason.DEFERRED)


async def test_of_two_workers_with_images_of_a_host_that_is_due_for_a_probe_one_probes(harness: WorkerHarness) -> None:
    records = await events(harness, 12)
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    other = WorkerHarness(outside=harness)
    a_minute_passes(harness)
    await asyncio.gather(harness.sources.run_pass(), other.sources.run_pass())
    await asyncio.gather(*(worker.execute(record) for worker in (harness, other) for record in records[9:]))
    assert len(harness.fetcher.fetched) == 11


@pytest.mark.parametrize(
    ("code", "given_up"), [(FailureCode.SOURCE_TIMEOUT, "host_down"), (FailureCode.SOURCE_FORBIDDEN, "source_blocked")]
)
async def test_an_image_that_waited_a_day_for_its_host_fails_by_a_code_of_its_own(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch, code: FailureCode, given_up: str
) -> None:
    records = await events(harness, 11)
    answer(harness, records, Transient(code))
    for record in records[:10]:
        await harness.execute(record)
    monkeypatch.setattr(sources_module, "MAX_HOST_WAIT", timedelta(0))
    await harness.execute(records[10])
    last = row_of(harness, "i10")
    assert (last.state, last.error_code) == (ImageState.FAILED, given_up)


async def test_a_missing_image_says_that_its_host_is_well(harness: WorkerHarness) -> None:
    records = await events(harness, 12)
    answer(harness, records, Permanent(FailureCode.SOURCE_NOT_FOUND))
    for record in records:
        await harness.execute(record)
    assert len(harness.fetcher.fetched) == 12


async def test_images_of_a_host_that_answers_write_nothing_about_it(harness: WorkerHarness) -> None:
    records = await events(harness, 100)
    answer(harness, records, Fetched(JPEG))
    for record in records:
        await harness.execute(record)
        await harness.sources.run_pass()
    assert harness.records.changes == 1
    assert set(harness.records.records) == {("h.test", ALL_SHOPS)}


async def test_a_failure_that_cannot_be_counted_is_charged_to_nobody(harness: WorkerHarness) -> None:
    records = await events(harness, 1)
    answer(harness, records, REFUSED)
    await harness.sources.run_pass()
    harness.records.unavailable = harness.rows.unavailable = True
    assert await harness.execute(records[0]) is Handled.RETURNED
    harness.records.unavailable = harness.rows.unavailable = False
    assert attempts(harness) == 0


# Our own network


async def test_a_network_of_ours_that_is_down_costs_no_image_an_attempt(harness: WorkerHarness) -> None:
    await met(harness, *(f"h{n}.test" for n in HOSTS))
    records = [await event(harness, shop, f"i{n}", f"h{shop}.test") for shop in HOSTS for n in range(5)]
    answer(harness, records, SILENT)
    harness.fetcher.reachable = False
    now = asyncio.get_running_loop().time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(egress_module, "_now", lambda: now + 60)
        ends = await asyncio.gather(*(harness.execute(record) for record in records))
        assert ends == [Handled.RETURNED] * len(records)
        assert attempts(harness) == 0
        assert harness.breakers[Dependency.EGRESS].is_open
        assert harness.breakers.may_start, "which events are tried is for the rules of the egress to say"
        harness.fetcher.reachable = True
        answer(harness, records, Fetched(JPEG))
        await harness.breakers[Dependency.EGRESS].closed()
    await asyncio.gather(*(harness.execute(record) for record in records))
    assert {row.state for row in harness.rows.rows.values()} == {ImageState.DONE}


@pytest.mark.parametrize("known", [True, False], ids=["of a host that answered", "of a host never met"])
async def test_a_worker_that_starts_while_our_network_is_down_spends_no_attempt(harness: WorkerHarness, *, known: bool) -> None:
    await met(harness, *(f"h{n}.test" for n in HOSTS))
    await harness.sources.run_pass()
    late = WorkerHarness(outside=harness)
    record = await event(harness, 1, "late", "h1.test" if known else "new.test")
    harness.fetcher.sources = dict.fromkeys(harness.fetcher.sources, SILENT)
    harness.fetcher.sources[f"http://{'h1' if known else 'new'}.test/late.jpg"] = SILENT
    harness.fetcher.reachable = False
    assert await late.execute(record) is Handled.RETURNED
    assert late.breakers[Dependency.EGRESS].is_open
    assert row_of(harness, "late").attempt == 0
    await late.breakers.stop()


async def test_an_address_to_probe_says_that_our_network_is_down_though_no_host_is_known() -> None:
    harness = WorkerHarness(probe_url="http://probe.test/")
    record = await event(harness, 1, "a", "new.test")
    harness.fetcher.sources["http://new.test/a.jpg"] = SILENT
    harness.fetcher.reachable = False
    assert await harness.execute(record) is Handled.RETURNED
    assert harness.fetcher.asked == ["http://probe.test/"]
    await harness.breakers.stop()


@pytest.mark.parametrize("failure", [REFUSED, SILENT, Transient(FailureCode.SOURCE_UNKNOWN_HOST)], ids=["refused", "silent", "denied"])
async def test_dead_hosts_alone_never_say_that_our_network_is_down(harness: WorkerHarness, failure: Transient) -> None:
    records = [await event(harness, shop, f"i{n}", f"h{shop}.test") for shop in range(1, 31) for n in range(6)]
    answer(harness, records, failure)
    harness.fetcher.reachable = False
    ends = await asyncio.gather(*(harness.execute(record) for record in records))
    assert ends == [Handled.DONE] * len(records)
    assert harness.breakers.all_closed
    good = await event(harness, 99, "good", "good.test")
    harness.fetcher.sources["http://good.test/good.jpg"] = Fetched(JPEG)
    await harness.execute(good)
    assert row_of(harness, "good", 99).state is ImageState.DONE


@pytest.mark.parametrize("failure", [REFUSED, Transient(FailureCode.SOURCE_UNKNOWN_HOST)], ids=["refused", "denied"])
async def test_hosts_that_refuse_or_do_not_exist_any_more_say_nothing_about_us(harness: WorkerHarness, failure: Transient) -> None:
    await met(harness, *(f"h{n}.test" for n in HOSTS))
    records = [await event(harness, shop, f"i{n}", f"h{shop}.test") for shop in HOSTS for n in range(5)]
    answer(harness, records, failure)
    harness.fetcher.reachable = False
    await asyncio.gather(*(harness.execute(record) for record in records))
    assert harness.breakers.all_closed
    assert attempts(harness) == len(records)


async def test_an_event_that_is_answered_while_our_network_counts_as_down_ends_that(harness: WorkerHarness) -> None:
    await met(harness, *(f"h{n}.test" for n in HOSTS))
    harness.pace.egress.open()
    harness.breakers[Dependency.EGRESS].open("all hosts fell silent")
    harness.fetcher.reachable = False
    record = await event(harness, 99, "good", "good.test")
    harness.fetcher.sources["http://good.test/good.jpg"] = Fetched(JPEG)
    assert await harness.execute(record) is Handled.DONE
    assert harness.breakers.all_closed
    assert not harness.pace.egress.is_open


async def test_one_host_that_is_down_is_its_own_fault_however_many_images_it_has(harness: WorkerHarness) -> None:
    records = [await event(harness, shop, f"i{n}") for shop in range(1, 7) for n in range(5)]
    answer(harness, records, SILENT)
    ends = await asyncio.gather(*(harness.execute(record) for record in records))
    assert ends == [Handled.DONE] * len(records)
    assert harness.breakers.all_closed


async def silent_during_an_outage(harness: WorkerHarness) -> asyncio.Task[Handled]:
    """Return the execution of an image whose fetch has begun while our network counts as down, and will hear nothing."""
    await met(harness, *(f"h{n}.test" for n in HOSTS))
    harness.pace.egress.open()
    harness.breakers[Dependency.EGRESS].open("all hosts fell silent")
    harness.fetcher.gate.clear()
    slow = await event(harness, 1, "slow", "h1.test")
    harness.fetcher.sources["http://h1.test/slow.jpg"] = SILENT
    before = len(harness.fetcher.fetched)
    task = asyncio.create_task(harness.execute(slow))
    while len(harness.fetcher.fetched) == before:
        await asyncio.sleep(0)
    return task


async def test_a_fetch_that_fails_while_our_network_is_down_is_charged_to_nobody(harness: WorkerHarness) -> None:
    task = await silent_during_an_outage(harness)
    harness.fetcher.gate.set()
    assert await task is Handled.RETURNED
    assert row_of(harness, "slow").attempt == 0


async def test_a_fetch_that_began_while_our_network_was_down_is_charged_to_nobody_after_it(harness: WorkerHarness) -> None:
    task = await silent_during_an_outage(harness)
    harness.sources.answered(row_of(harness, "slow"))  # another image of the host gets its answer first
    assert harness.breakers.all_closed
    harness.fetcher.gate.set()
    assert await task is Handled.RETURNED
    assert row_of(harness, "slow").attempt == 0


async def test_a_worker_that_starts_late_wakes_also_the_shops_that_only_waited(harness: WorkerHarness) -> None:
    records = [*await events(harness, 10), await event(harness, 2, "waits")]
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    await harness.sources.run_pass()
    late = WorkerHarness(outside=harness)
    await late.sources.run_pass()
    a_minute_passes(harness)
    await late.sources.run_pass()
    answer(harness, records, Fetched(JPEG))
    await late.execute(records[9])
    await late.sources.run_pass()
    assert row_of(harness, "waits", 2).scheduled_at <= harness.rows._clock()  # type: ignore[operator]


@pytest.mark.parametrize("code", [FailureCode.SOURCE_ERROR, FailureCode.SOURCE_TLS, FailureCode.SOURCE_FORBIDDEN])
async def test_a_host_that_says_no_says_that_our_network_is_up(harness: WorkerHarness, code: FailureCode) -> None:
    harness.pace.egress.open()
    harness.breakers[Dependency.EGRESS].open("all hosts fell silent")
    harness.fetcher.reachable = False
    record = await event(harness, 1, "a")
    harness.fetcher.sources["http://h.test/a.jpg"] = Transient(code)
    await harness.execute(record)
    assert harness.breakers.all_closed
