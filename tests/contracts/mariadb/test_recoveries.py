"""What faults left to do, counted in the rows of the images."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.adapters.mariadb.recoveries import MariaRecoveries
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.decide import SENDER, Step
from faust_app.core.alerts.recovery import Aftermath, Recovery
from faust_app.core.causes.suspicion import Blame, Rise, Suspicion, Verdict
from faust_app.core.failure_codes import FailureCode
from faust_app.core.images.outcome import Deferred, Failed, Outcome
from faust_app.core.monitoring.samples import Sample, minute_of
from faust_app.flows.images.settle import settle_all
from faust_app.settings import Settings
from tests.contracts.conftest import AlertStore, emptied, maria_store
from tests.contracts.mariadb.test_image_repository import accept

ME = "host:1"
STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, ME)


@pytest.fixture
async def store(alert_settings: Settings) -> AsyncIterator[AlertStore]:
    async with Database.connect(alert_settings.database, 4) as database:
        await emptied(database)
        yield maria_store(database)


async def ended(store: AlertStore) -> Recovery:
    """Have a fault of an hour that is over now."""
    await store.faults.open_fault(STORAGE, age=timedelta(hours=1), reported_ago=timedelta(minutes=50))
    await store.faults.close_fault(STORAGE)
    (alert,) = [alert for alert in await store.alerts.open_alerts(10) if alert.is_fault]
    assert alert.ended_at is not None
    return Recovery(alert, alert.ended_at, 7, alert.ended_at)


async def test_what_waits_for_us_is_held_up_and_what_waits_for_its_source_is_not(store: AlertStore, shop_no: int) -> None:
    assert store.database is not None
    rows, recoveries = MariaImageRepository(store.database), MariaRecoveries(store.database)
    accepted = await accept(rows, shop_no, "queued", "failed", "other", "deferred")
    ends: list[Outcome] = [
        Failed(accepted[1], FailureCode.LOST_REPEATEDLY, "why"), Failed(accepted[2], FailureCode.EMPTY, "why"),
        Deferred(accepted[3], timedelta(minutes=5)),
    ]  # fmt: skip
    await rows.change([end.row.key for end in ends], lambda locked: settle_all(ends, locked, timedelta(0)))
    recovery = await ended(store)
    await accept(rows, shop_no, "later")
    assert await recoveries.held_up(recovery.ended_at) == 1
    now = await store.clock.now()
    assert await recoveries.aftermath(recovery, ("lost_repeatedly",), now) == Aftermath(failed=1, waiting=1)
    assert await recoveries.aftermath(recovery, ("lost_repeatedly",), recovery.alert.opened_at) == Aftermath(failed=0, waiting=1)
    assert await recoveries.aftermath(recovery, (), now) == Aftermath(failed=0, waiting=1)


async def test_what_was_asked_for_before_the_end_and_is_done_after_it_was_held_up(store: AlertStore, shop_no: int) -> None:
    assert store.database is not None
    rows, recoveries, samples = MariaImageRepository(store.database), MariaRecoveries(store.database), MariaSamples(store.database)
    recovery = await ended(store)
    assert await recoveries.done_since(recovery.ended_at) == 0, "without a sample nothing is read"
    early, held = await accept(rows, shop_no, "early", "held")
    await settle(rows, Failed(early, FailureCode.EMPTY, "why"))
    await store.database.change("DELETE FROM sample")
    await samples.add(Sample(minute_of(await store.clock.now()) - timedelta(minutes=2)))
    end = await store.clock.now()
    (later,) = await accept(rows, shop_no, "later")
    await settle(rows, Failed(held, FailureCode.EMPTY, "why"))
    await settle(rows, Failed(later, FailureCode.EMPTY, "why"))
    assert await recoveries.done_since(end) == 1


async def settle(rows: MariaImageRepository, end: Outcome) -> None:
    await rows.change([end.row.key], lambda locked: settle_all([end], locked, timedelta(0)))


async def test_a_recovery_is_open_until_it_is_told_once(store: AlertStore) -> None:
    assert store.database is not None
    recoveries, recovery = MariaRecoveries(store.database), await ended(store)
    await recoveries.begin(recovery)
    await recoveries.begin(replace(recovery, delayed=9))
    ((found, episode),) = await recoveries.open()
    assert (found.delayed, found.ended_at, found.alert.fingerprint, episode) == (9, recovery.ended_at, STORAGE.fingerprint, 1)
    assert (found.alert.opened_at, found.alert.closed_at) == (recovery.alert.opened_at, None)
    now = await store.clock.now()
    assert await store.leases.hold(SENDER, ME)
    step = Step(now, closed=(recovery.alert,))
    assert await store.alerts.record(step, ME)
    await store.faults.open_fault(STORAGE, age=timedelta(0), reported_ago=None)
    assert [(each.alert.episode, now_at) for each, now_at in await recoveries.open()] == [(1, 2)]
    assert await store.alerts.record(Step(now, recovered=(recovery,)), ME)
    assert await recoveries.open() == []
    assert not await store.alerts.record(Step(now, recovered=(recovery,)), ME), "another told it meanwhile"


async def test_what_a_suspected_release_failed_is_counted_from_its_first_image_unless_shops_are_blamed(
    store: AlertStore, shop_no: int
) -> None:
    assert store.database is not None
    recoveries = MariaRecoveries(store.database)
    for release, names in (("1.0", ("a",)), ("2.0", ("b", "c"))):
        rows = MariaImageRepository(store.database, Author(release))
        ends: list[Outcome] = [Failed(row, FailureCode.TRUNCATED, "why") for row in await accept(rows, shop_no, *names)]
        await rows.change([end.row.key for end in ends], lambda locked: settle_all(ends, locked, timedelta(0)))  # noqa: B023 - awaited here
    now = await store.clock.now()
    suspicion = Suspicion("truncated", "2.0", now - timedelta(hours=1), now, Rise("truncated", 0.001, 0.1, 30, 300))
    await store.mark(Blame(suspicions=(suspicion,)))
    fault = PlatformFault(FaultKind.SUSPECTED_OURS, ME, subject="truncated")
    await store.faults.open_fault(fault, age=timedelta(0), reported_ago=None)
    await store.faults.close_fault(fault)
    (alert,) = [alert for alert in await store.alerts.open_alerts(10) if alert.is_fault]
    assert alert.ended_at is not None
    recovery = Recovery(alert, alert.ended_at, 0, alert.ended_at)
    assert await recoveries.aftermath(recovery, ("truncated",), now) == Aftermath(failed=2, waiting=0, release="2.0")
    await store.mark(Blame(suspicions=(replace(suspicion, verdict=Verdict.SHOPS),)))
    assert await recoveries.aftermath(recovery, ("truncated",), now) == Aftermath(failed=0, waiting=0)
