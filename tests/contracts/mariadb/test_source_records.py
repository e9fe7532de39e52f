"""What workers may rely on of the records of the sources, for the fake and for MariaDB alike."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.source_records import MariaSourceRecords
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.failure import FailureCode
from faust_app.core.sources.health import ALL_SHOPS, Records, SourceFailure, SourceRecord, after_failure
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.resilience.deferral import Deferral
from faust_app.flows.resilience.host_faults import HostFaults
from faust_app.flows.resilience.known_sources import KnownSources
from faust_app.settings import Settings
from tests.fakes.alerts import FakeAlerts
from tests.fakes.clock import FakeClock
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.source_records import FakeSourceRecords

_numbers = itertools.count()


@pytest.fixture
def host() -> str:
    return f"h{next(_numbers)}.example"


@pytest.fixture(params=["fake", "mariadb"])
async def records(request: pytest.FixtureRequest) -> AsyncIterator[SourceRecords]:
    if request.param == "fake":
        yield FakeSourceRecords()
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 8) as database:
        yield MariaSourceRecords(database)


def full(host: str, shop_no: int, now: datetime) -> SourceRecord:
    at = [now + timedelta(seconds=n) for n in range(5)]
    code = FailureCode.SOURCE_TLS
    return SourceRecord(host, shop_no, 12, 3, code, at[0], at[1], at[2], at[3], at[4], answered_for=2**53 - 1, origin=f"https://{host}/")


async def write(records: SourceRecords, *written: SourceRecord) -> None:
    await records.change({record.host for record in written}, lambda _known, _now: (written, None))


def clock_of(records: SourceRecords) -> Clock:
    if isinstance(records, FakeSourceRecords):
        return FakeClock(lambda: records.now)
    return cast("Clock", records._database)  # type: ignore[attr-defined]


async def test_what_is_written_is_read_back_whole(records: SourceRecords, host: str) -> None:
    record = full(host, ALL_SHOPS, await clock_of(records).now())
    await write(records, record)
    assert await records.of((7, host)) == [record]
    assert record in await records.load()


async def test_a_decision_sees_all_records_of_its_hosts_and_no_others(records: SourceRecords, host: str) -> None:
    written = [SourceRecord(host, shop, failures=shop + 1) for shop in (ALL_SHOPS, 1, 2)]
    await write(records, *written, SourceRecord(f"other-{host}", 1, failures=1))

    def decide(known: Records, _: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
        return (), list(known.values())

    assert sorted(await records.change([host], decide), key=lambda record: record.shop_no) == written


async def test_what_was_written_since_is_told_and_the_rest_is_not(records: SourceRecords, host: str) -> None:
    await write(records, SourceRecord(f"before-{host}", ALL_SHOPS, failures=1))
    since = await clock_of(records).now()
    await write(records, SourceRecord(host, ALL_SHOPS, failures=1))
    found = [record.host for record in await records.changed_since(since)]
    assert host in found
    assert f"before-{host}" not in found


async def test_failures_that_many_count_at_once_are_counted_each_and_deadlock_nobody(records: SourceRecords, host: str) -> None:
    hosts = [f"{n}-{host}" for n in range(5)]

    async def fail(shop: int) -> None:
        def decide(known: Records, now: datetime) -> tuple[Sequence[SourceRecord], None]:
            after = dict(known)
            for each in hosts if shop % 2 else reversed(hosts):
                failure = SourceFailure((shop, each), FailureCode.SOURCE_TIMEOUT)
                after |= {record.key: record for record in after_failure(after, failure, now)}
            return list(after.values()), None

        await records.change(hosts, decide)

    await asyncio.gather(*(fail(shop) for shop in range(1, 21)))
    for each in hosts:
        (of_all,) = [record for record in await records.of((99, each)) if record.shop_no == ALL_SHOPS]
        assert (of_all.failures, of_all.shops, of_all.is_deferred) == (20, 20, True)


def known_sources(records: SourceRecords) -> KnownSources:
    return KnownSources(records, clock_of(records), SourcePace(8), HostFaults(FakeAlerts()), Deferral(FakeImageRepository(), lambda: 1.0))


async def test_ten_failures_in_a_row_over_two_workers_defer_and_an_answer_ends_it_for_both(records: SourceRecords, host: str) -> None:
    one, two = known_sources(records), known_sources(records)
    counted = [await (one, two)[n % 2].fail((n % 3 + 1, host), FailureCode.SOURCE_UNREACHABLE) for n in range(10)]
    assert counted == [False] * 9 + [True]
    await one.refresh()
    assert one.records.deferral((9, host)) is not None
    two.hold((9, host))
    two.answer((1, host), f"http://{host}/")
    await two.refresh()
    await one.refresh()
    assert (one.records.deferral((9, host)), two.records.deferral((9, host))) == (None, None)
    assert two.records.sources_of(SourceRecord(host, ALL_SHOPS)) == [(shop, host) for shop in (1, 2, 3, 9)]
    late = known_sources(records)
    await late.ensure_loaded()
    assert late.records.deferral((9, host)) is None


async def test_a_probe_is_claimed_by_one_worker_of_many(records: SourceRecords, host: str) -> None:
    now = await clock_of(records).now()
    due = SourceRecord(host, ALL_SHOPS, 10, 3, FailureCode.SOURCE_TIMEOUT, now, now, now, now)
    await write(records, due)
    workers = [known_sources(records) for _ in range(5)]
    for worker in workers:
        await worker.ensure_loaded()
    claimed = await asyncio.gather(*(worker.claim(due) for worker in workers))
    assert sorted(claimed) == [False] * 4 + [True]
