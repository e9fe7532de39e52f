"""Counting on the real database: what a settle pays for it, rivals on one cause, leases and schema beyond what a fake can say."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from faust_app.adapters.mariadb.alert_counts import count_occurrences
from faust_app.adapters.mariadb.alert_messages import MariaAlertOutbox
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.leases import MariaLeases, holds
from faust_app.adapters.mariadb.schema import upgrade_schema
from faust_app.core.alerts.alert import Occurrence, of_record
from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Failed
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import Op
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import settle_all
from faust_app.settings import Settings
from tests.contracts.conftest import emptied
from tests.factories import LEASE, NOW, make_request

NONE = timedelta(0)


@pytest.fixture
async def database(alert_settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(alert_settings.database, 16) as database:
        await emptied(database)
        yield database


def failed(count: int, shop_no: int = 7, host: str = "h") -> list[Occurrence]:
    return [Occurrence(f"source_error@{host}", FailureCode.SOURCE_ERROR, host, shop_no, b"i%d" % n, "status 500") for n in range(count)]


async def count(database: Database, occurrences: Sequence[Occurrence], now: datetime = NOW) -> None:
    async def unit(session: Session) -> None:
        count_occurrences(session, occurrences, now)

    await database.run(unit)


async def test_records_without_a_row_are_counted_as_what_they_are(database: Database) -> None:
    await count(database, [of_record(FailureCode.UNPARSEABLE, "not JSON")] * 3)
    found = await database.rows("SELECT fingerprint, severity, occurrences, sample_shop FROM alert")
    assert found == (("record.unparseable@-", "platform", 3, None),)
    assert await database.rows("SELECT * FROM alert_shop") == ()


class CountingSession(Session):
    """Counts statements instead of running them."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def enqueue(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.statements.append(sql)


@pytest.mark.parametrize("occurrences", [failed(1), failed(500), [each for n in range(500) for each in failed(1, n + 1, f"h{n}")]])
async def test_a_group_of_failures_costs_three_statements_however_many_they_are(occurrences: list[Occurrence]) -> None:
    session = CountingSession()
    count_occurrences(session, occurrences, NOW)
    assert [statement.split()[:3] for statement in session.statements] == [
        ["UPDATE", "alert", "SET"],
        ["INSERT", "INTO", "alert"],
        ["INSERT", "INTO", "alert_shop"],
    ]


async def accepted(repository: MariaImageRepository, shop_no: int, count: int) -> list[ImageRow]:
    requests = [make_request(shop_no, f"i{n}", op=Op.REGISTER) for n in range(count)]
    decisions = await repository.change([r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True)
    return [decision.row for decision in decisions]


async def fail(repository: MariaImageRepository, rows: Sequence[ImageRow]) -> None:
    outcomes = [Failed(row, FailureCode.SOURCE_ERROR, "status 500") for row in rows]
    await repository.change([row.key for row in rows], lambda locked: settle_all(outcomes, locked, NONE))


async def total(database: Database) -> tuple[tuple[Any, ...], ...]:
    return tuple(await database.rows("SELECT fingerprint, occurrences, episode FROM alert"))


async def test_a_settle_counts_what_it_fails_and_nothing_twice(database: Database) -> None:
    repository = MariaImageRepository(database)
    rows = await accepted(repository, 7, 20)
    await fail(repository, rows)
    await fail(repository, rows)
    assert await total(database) == (("source_error@source.test", 20, 1),)
    assert {row.state for row in (await repository.load([row.key for row in rows])).values()} == {ImageState.FAILED}


async def test_workers_that_fail_images_of_one_cause_at_the_same_time_do_not_fail_each_other(database: Database) -> None:
    repository = MariaImageRepository(database)
    shops = [await accepted(repository, shop_no, 200) for shop_no in range(1, 9)]

    async def worker(rows: list[ImageRow]) -> None:
        for start in range(0, len(rows), 20):
            await fail(repository, rows[start : start + 20])

    await asyncio.gather(*(worker(rows) for rows in shops))
    assert await total(database) == (("source_error@source.test", 8 * 200, 1),)
    ((shop_sum, shop_count),) = await database.rows("SELECT SUM(occurrences), COUNT(DISTINCT shop_no) FROM alert_shop")
    assert (int(shop_sum), shop_count) == (8 * 200, 8)


async def test_groups_of_many_causes_in_any_order_are_all_counted(database: Database) -> None:
    async def worker(number: int) -> None:
        for turn in range(number, number + 12):
            occurrences = [each for n in range(60) for each in failed(1, n % 5 + 1, f"h{(n * 7 + turn * 13) % 40}")]
            await count(database, occurrences, datetime(2026, 3, 1))  # noqa: DTZ001 - UTC without a zone

    await asyncio.gather(*(worker(number) for number in range(8)))
    ((counted,),) = await database.rows("SELECT SUM(occurrences) FROM alert")
    assert int(counted) == 8 * 12 * 60


async def test_twelve_thousand_failures_are_counted_group_by_group(database: Database) -> None:
    groups = [failed(500, shop_no=shop_no) for shop_no in range(1, 25)]
    started = time.perf_counter()
    for group in groups:
        await count(database, group)
    rate = 12_000 / (time.perf_counter() - started)
    print(f"counted {rate:,.0f} occurrences/s in groups of 500")  # noqa: T201 - the figure, shown by `pytest -s`
    assert await total(database) == (("source_error@h", 12_000, 1),)


async def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_is_fenced_off(database: Database) -> None:
    expired, leases = MariaLeases(database, timedelta(seconds=-1)), MariaLeases(database)
    assert await expired.hold("task", "slow")
    assert await leases.hold("task", "quick")
    assert not await leases.hold("task", "slow")

    async def still(holder: str) -> bool:
        return await database.run(lambda session: holds(session, "task", holder))

    assert [await still("slow"), await still("quick")] == [False, True]


async def test_a_lease_that_is_checked_in_a_transaction_stays_until_its_end(database: Database) -> None:
    leases = MariaLeases(database)
    await leases.hold("task", "me")
    order: list[str] = []
    checked = asyncio.Event()

    async def unit(session: Session) -> None:
        assert await holds(session, "task", "me")
        checked.set()
        await session.rows("SELECT SLEEP(0.2)")
        order.append("written")

    async def release() -> None:
        await checked.wait()
        await leases.release("task", "me")
        order.append("released")

    await asyncio.gather(database.run(unit), release())
    assert order == ["written", "released"]


async def test_the_schema_is_brought_up_to_date_again_and_from_a_half_done_migration(alert_settings: Settings, database: Database) -> None:
    newest = await upgrade_schema(alert_settings.database)
    assert newest >= "0001"
    await database.change("DELETE FROM alembic_version")
    await database.change("DROP TABLE job_run")
    await count(database, failed(3))
    assert await upgrade_schema(alert_settings.database) == newest
    assert await database.rows("SELECT COUNT(*) FROM job_run") == ((0,),)
    assert await total(database) == (("source_error@h", 3, 1),)


async def test_old_alerts_messages_and_counts_are_forgotten_and_young_ones_kept(database: Database) -> None:
    await count(database, failed(1, host="old") + failed(1, host="young") + failed(1))
    for fingerprint, days in (("source_error@old", 91), ("source_error@young", 89)):
        await database.change("UPDATE alert SET closed_at = UTC_TIMESTAMP(6) - INTERVAL %s DAY WHERE fingerprint = %s", (days, fingerprint))
    for days in (91, 89):
        await database.change(
            "INSERT INTO alert_message (webhook_id, body, created_at, next_at, sent_at)"
            " SELECT 'm', '{}', t, t, t FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL %s DAY AS t) x",
            (days,),
        )
    await database.change("UPDATE alert_shop SET slot = UTC_TIMESTAMP() - INTERVAL 4 DAY WHERE fingerprint = 'source_error@old'")
    await database.change("UPDATE alert_shop SET slot = UTC_TIMESTAMP() - INTERVAL 2 DAY WHERE fingerprint <> 'source_error@old'")
    assert await MariaAlertOutbox(database).forget_old() == 3
    left = {row[0] for row in await database.rows("SELECT fingerprint FROM alert")}
    assert left == {"source_error@young", "source_error@h"}
    assert await database.rows("SELECT COUNT(*) FROM alert_message") == ((1,),)
    assert await database.rows("SELECT COUNT(*) FROM alert_shop") == ((2,),)
