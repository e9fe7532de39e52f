"""Both implementations of the alerts under one name, each test on empty tables."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from faust_app.adapters.mariadb.alert_counts import MariaFaults, count_occurrences
from faust_app.adapters.mariadb.alert_messages import MariaAlertOutbox
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.leases import MariaLeases
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.adapters.mariadb.taken_alerts import MariaTakenAlerts
from faust_app.core.alerts.alert import Occurrence
from faust_app.core.alerts.decide import AlertsSnapshot
from faust_app.core.causes.suspicion import Blame
from faust_app.flows.ports.alerts import AlertOutbox, AlertRepository, Faults, TakenAlerts
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import Leases
from faust_app.settings import Settings
from tests.fakes.alerts import FakeAlertStore, FakeTakenAlerts
from tests.fakes.clock import FakeClock

TABLES = (
    "alert",
    "alert_shop",
    "alert_worker",
    "alert_message",
    "lease",
    "job_run",
    "image",
    "cause",
    "suspicion",
    "alert_recovery",
    "audit",
)


@dataclass
class AlertStore:
    faults: Faults
    alerts: AlertRepository
    outbox: AlertOutbox
    leases: Leases
    clock: Clock
    count: Callable[[Sequence[Occurrence]], Awaitable[None]]
    mark: Callable[[Blame], Awaitable[None]]
    """Write for which failures no shop is blamed, in place of what was written before."""
    taken: TakenAlerts
    audited: Callable[[], Awaitable[list[str]]]
    database: Database | None = None

    async def snapshot(self) -> AlertsSnapshot:
        return await self.alerts.snapshot(await self.clock.now())


@pytest.fixture(params=["fake", "mariadb"])
async def alert_store(request: pytest.FixtureRequest) -> AsyncIterator[AlertStore]:
    if request.param == "fake":
        fake = FakeAlertStore()

        async def audited() -> list[str]:
            return [entry.action for entry in fake.audit]

        yield AlertStore(fake, fake, fake, fake, FakeClock(lambda: fake.now), fake.count, fake.mark, FakeTakenAlerts(fake), audited)
        return
    settings: Settings = request.getfixturevalue("alert_settings")
    async with Database.connect(settings.database, 8) as database:
        await emptied(database)
        yield maria_store(database)


async def emptied(database: Database) -> None:
    for table in TABLES:
        await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names


def maria_store(database: Database) -> AlertStore:
    async def count(occurrences: Sequence[Occurrence]) -> None:
        async def unit(session: Session) -> None:
            count_occurrences(session, occurrences, await session.now())

        await database.run(unit)

    async def mark(blame: Blame) -> None:
        for table in ("cause", "suspicion"):
            await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
        sql = "INSERT INTO cause (fingerprint, is_ours, updated_at) VALUES (%s, TRUE, UTC_TIMESTAMP(6))"
        for fingerprint in blame.causes:
            await database.change(
                "INSERT INTO cause (fingerprint, is_ours, updated_at) VALUES (%s, TRUE, UTC_TIMESTAMP(6))", (fingerprint,)
            )
        suspicions = MariaSuspicions(database)
        for each in blame.suspicions:
            await suspicions.add([each])
            if each.verdict is not None:
                sql = "UPDATE suspicion SET verdict = %s WHERE code = %s"
                await database.change(sql, (each.verdict.value, each.code))
            if each.ended_at is not None:
                await suspicions.end([each], each.ended_at)

    async def audited() -> list[str]:
        return [action for (action,) in await database.rows("SELECT action FROM audit WHERE action LIKE 'alert.%%' ORDER BY id")]

    return AlertStore(
        MariaFaults(database),
        MariaAlertRepository(database),
        MariaAlertOutbox(database),
        MariaLeases(database),
        database,
        count,
        mark,
        MariaTakenAlerts(database),
        audited,
        database,
    )
