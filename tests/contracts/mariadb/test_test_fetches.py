"""Test fetches on the real table; and the fake keeps the same contract. Then the way from asking to a worker's answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.retention import MariaOldRows
from faust_app.adapters.mariadb.test_fetches import MariaTestFetches
from faust_app.core.reports import test_fetch as tests_of_shops
from faust_app.core.sources.content import Redirect
from faust_app.flows.ports import reports
from faust_app.settings import Settings
from tests.factories import NOW
from tests.fakes.reports import FakeTestFetches

RESULT = tests_of_shops.TestResult(
    1.5, 200, (Redirect(301, "https://cdn.test/ä.jpg"),), "image/jpeg", 10, "image/jpeg", 8, 6, "empty", "It is empty."
)


@pytest.fixture(params=["fake", "mariadb"])
async def tests(request: pytest.FixtureRequest) -> AsyncIterator[reports.TestFetches]:
    if request.param == "fake":
        yield FakeTestFetches(lambda: NOW)
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:
        yield MariaTestFetches(database)


async def ask(tests: reports.TestFetches, shop_no: int, url: str = "https://shop.test/ä.jpg?x=1") -> tests_of_shops.TestFetch:
    asked = await tests.ask(shop_no, url, f"shop {shop_no}")
    assert asked is not None
    return asked


async def test_a_test_is_taken_by_one_worker_and_reads_back_with_its_result(tests: reports.TestFetches, shop_no: int) -> None:
    asked = await ask(tests, shop_no)
    assert await tests.get(shop_no, asked.number) == asked
    assert await tests.get(shop_no + 500_000, asked.number) is None
    taken = [test for some in await asyncio.gather(*[tests.take(f"w{n}", 2) for n in range(4)]) for test in some]
    assert [test.number for test in taken if test.shop_no == shop_no] == [asked.number]
    await tests.end(asked.number, RESULT)
    await tests.end(asked.number, tests_of_shops.TestResult(9.0))
    found = await tests.get(shop_no, asked.number)
    assert found is not None
    assert (found.result, found.taken_at is None) == (RESULT, False)


async def test_the_eleventh_within_a_minute_is_refused_for_its_shop_alone(tests: reports.TestFetches, shop_no: int) -> None:
    for _ in range(tests_of_shops.A_MINUTE):
        await ask(tests, shop_no)
    assert await tests.ask(shop_no, "https://shop.test/", "shop") is None
    await ask(tests, shop_no + 500_000)
    while await tests.take("w1", 50):
        pass


async def test_old_tests_are_forgotten(settings: Settings, shop_no: int) -> None:
    async with Database.connect(settings.database, 2) as database:
        asked = await ask(MariaTestFetches(database), shop_no)
        later = asked.asked_at + timedelta(microseconds=1)
        assert await MariaOldRows(database).forget_test_fetches(asked.asked_at - timedelta(days=300), 10) == 0
        assert await MariaOldRows(database).forget_test_fetches(later, 100) >= 1
        assert await MariaTestFetches(database).get(shop_no, asked.number) is None
