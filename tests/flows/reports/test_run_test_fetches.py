"""What a worker does with a test fetch, over fakes."""

import asyncio

import pytest

from faust_app.core.failure import Failure, FailureCode, Permanent
from faust_app.core.operators.audit import Actor
from faust_app.core.reports import test_fetch as tests_of_shops
from faust_app.core.sources.content import Fetched, Observed, Redirect
from faust_app.flows.reports.test_fetch import AT_ONCE, AskTestFetch, RunTestFetches
from tests.factories import NOW
from tests.fakes.clock import FakeClock
from tests.fakes.image_check import FakeImageCheck
from tests.fakes.reports import FakeTestFetches
from tests.pictures import picture

URL = "https://shop.test/a.jpg"


class Way:
    """Implements `ObservingFetcher`: each address is met the same way, once `gate` is open."""

    def __init__(self, outcome: Fetched | Failure | None = None, status: int | None = 200) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self._seen = Observed(status, (Redirect(301, URL),), "image/jpeg", outcome or Fetched(picture()))

    async def observe(self, url: str) -> Observed:
        self.asked.append(url)
        await self.gate.wait()
        return self._seen


class Bench:
    def __init__(self, way: Way) -> None:
        self.tests, self.way, self.may_start = FakeTestFetches(lambda: NOW), way, True
        self.ask = AskTestFetch(self.tests, clock=FakeClock(lambda: NOW))
        self.run = RunTestFetches(self.tests, way, FakeImageCheck(), worker="w1", may_start=lambda: self.may_start)

    async def result(self) -> tests_of_shops.TestResult | None:
        test = await self.ask.ask(7, URL, Actor("shop 7"))
        assert test is not None
        await self.run.run_pass()
        seen = await self.ask.now_or_soon(7, test.number, 5.0)
        await self.run.stop()
        return None if seen is None else seen.result


async def test_a_good_picture_is_told_with_what_it_is() -> None:
    found = await Bench(Way()).result()
    assert found is not None
    assert (found.status, found.redirects, found.announced_type, found.content_type) == (
        200,
        (Redirect(301, URL),),
        "image/jpeg",
        "image/jpeg",
    )
    assert (found.code, found.size) == (None, len(picture()))


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Permanent(FailureCode.SOURCE_NOT_FOUND, "The source answered with status 404."), 404, "source_not_found"),
        (Permanent(FailureCode.ADDRESS_REFUSED, "The host is not public."), None, "address_refused"),
        (Fetched(b"<html>"), 200, "not_an_image"),
    ],
)
async def test_a_failure_is_told_by_its_code(outcome: Fetched | Failure, status: int | None, code: str) -> None:
    found = await Bench(Way(outcome, status)).result()
    assert found is not None
    assert (found.code, found.status) == (code, status)
    assert found.detail


async def test_a_worker_runs_a_few_side_by_side_and_takes_the_next_when_one_ends() -> None:
    bench = Bench(Way())
    bench.way.gate.clear()
    for shop in range(AT_ONCE + 2):
        assert await bench.ask.ask(shop + 1, URL, Actor("shop")) is not None
    for _ in range(3):
        await bench.run.run_pass()
        await asyncio.sleep(0)
    assert len(bench.way.asked) == AT_ONCE
    bench.way.gate.set()
    while sum(test.result is not None for test in bench.tests.tests.values()) < AT_ONCE + 2:
        await bench.run.run_pass()
        await asyncio.sleep(0)
    await bench.run.stop()


async def test_without_our_own_network_nothing_is_tested() -> None:
    bench = Bench(Way())
    bench.may_start = False
    assert await bench.ask.ask(7, URL, Actor("shop 7")) is not None
    await bench.run.run_pass()
    assert bench.way.asked == []


async def test_a_worker_that_stops_leaves_no_task_behind() -> None:
    bench = Bench(Way())
    bench.way.gate.clear()
    assert await bench.ask.ask(7, URL, Actor("shop 7")) is not None
    await bench.run.run_pass()
    await asyncio.sleep(0)
    await bench.run.stop()
    assert bench.tests.tests[1].result is None
