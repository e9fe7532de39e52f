"""What a worker may rely on of its own row, for the fake and for MariaDB alike."""

import itertools
from collections.abc import AsyncIterator

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.workers import MariaWorkerList, MariaWorkerRegister, lift_stops
from faust_app.flows.ports.maintenance import WorkerRegister
from faust_app.settings import Settings
from tests.fakes.worker_register import FakeWorkerRegister

_numbers = itertools.count()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 4) as database:
        yield database


@pytest.fixture
def name() -> str:
    return f"host:{next(_numbers)}"


@pytest.fixture(params=["fake", "mariadb"])
def register(request: pytest.FixtureRequest, name: str) -> WorkerRegister:
    if request.param == "fake":
        return FakeWorkerRegister()
    return MariaWorkerRegister(request.getfixturevalue("database"), name, "1")


async def test_a_worker_is_not_stopped_until_it_says_so_and_then_over_a_restart(register: WorkerRegister) -> None:
    assert await register.start() is None
    assert await register.report() is None
    await register.stop_intake("bugs")
    assert await register.report() == "bugs"
    assert await register.start() == "bugs"


async def test_another_release_lifts_the_stop(database: Database, name: str) -> None:
    old = MariaWorkerRegister(database, name, "1")
    await old.start()
    await old.stop_intake("bugs")
    assert await MariaWorkerRegister(database, name, "2").start() is None
    assert await old.report() is None


async def test_a_command_lifts_the_stop_of_one_worker_or_of_all(database: Database, name: str) -> None:
    workers = [MariaWorkerRegister(database, f"{name}-{n}", "1") for n in range(3)]
    for worker in workers:
        await worker.start()
        await worker.stop_intake("bugs")
    assert await lift_stops(database, f"{name}-1") == [f"{name}-1"]
    assert [await worker.report() for worker in workers] == ["bugs", None, "bugs"]
    assert set(await lift_stops(database, None)) >= {f"{name}-0", f"{name}-2"}
    assert [await worker.report() for worker in workers] == [None, None, None]


async def test_what_a_worker_tells_of_waiting_shops_is_read_until_it_is_stale(database: Database, name: str) -> None:
    register, workers = MariaWorkerRegister(database, name, "1"), MariaWorkerList(database)
    await register.store_fairness("{}")
    assert name not in dict(await workers.fairness_within(30)), "a worker without a row is none"
    await register.start()
    assert name not in dict(await workers.fairness_within(30)), "it has told nothing yet"
    await register.store_fairness('{"slots":1}')
    assert dict(await workers.fairness_within(30))[name] == '{"slots":1}'
    await database.change("UPDATE worker SET fairness_at = UTC_TIMESTAMP(6) - INTERVAL 31 SECOND WHERE name = %s", (name,))
    assert name not in dict(await workers.fairness_within(30))


async def test_only_a_worker_that_reports_and_is_not_stopped_counts_as_starting(database: Database, name: str) -> None:
    workers = MariaWorkerList(database)
    before = await workers.starting_within(15)
    register = MariaWorkerRegister(database, name, "1")
    await register.start()
    assert await workers.starting_within(15) == before + 1
    await register.stop_intake("bugs")
    assert await workers.starting_within(15) == before
    other = f"{name}-other"
    await MariaWorkerRegister(database, other, "1").start()
    await database.change("UPDATE worker SET seen_at = UTC_TIMESTAMP(6) - INTERVAL 16 SECOND WHERE name = %s", (other,))
    assert await workers.starting_within(15) == before
