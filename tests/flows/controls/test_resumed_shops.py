"""When a pause is over, the shop's deferred images are released, whichever worker deferred them."""

from datetime import UTC, datetime, timedelta

import pytest

from faust_app.core.dispatch.shop_controls import ControlKind
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls import resumed_shops
from faust_app.flows.controls.resumed_shops import ResumedShops
from faust_app.flows.controls.shop_desk import ControlDraft, ShopDesk
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.flows.resilience.deferral import Deferral
from tests.factories import event_record, make_request
from tests.fakes.clock import FakeClock
from tests.fakes.controls import FakeShopControls
from tests.fakes.monitoring import FakeWorkerList
from tests.flows.worker_harness import WorkerHarness

ADA = Actor("ada")
HOUR = timedelta(hours=1)


class Site:
    """Shops 7 and 8 that an operator pauses, and a worker that reads it."""

    def __init__(self, harness: WorkerHarness) -> None:
        self.harness, self.rows = harness, harness.rows
        self.at = datetime.now(UTC).replace(tzinfo=None)
        clock = FakeClock(lambda: self.at)
        self.controls = FakeShopControls(clock.now)
        self.desk = ShopDesk(self.controls, clock=clock)
        self.start_worker()

    def start_worker(self) -> None:
        """Start a worker that knows nothing, as after a restart."""
        self.resumed = ResumedShops(Deferral(self.rows, lambda: 1.0))
        self.book = ShopLimitsBook(self.controls, FakeWorkerList(), now=lambda: self.at, paused=self.resumed.now_paused)

    async def defer(self, shop_no: int, count: int, first: int = 0) -> None:
        """Have another worker defer images of the shop."""
        for number in range(first, first + count):
            row = await self.harness.accept_request(make_request(shop_no, f"i{number}", source_url=f"http://a/{number}.jpg"))
            await self.harness.handler.execute(self.harness.handler.read(event_record(row)), defer_by=HOUR)

    async def pause(self, shop_no: int = 7, until: timedelta | None = None) -> None:
        await self.desk.set(shop_no, ControlDraft(ControlKind.PAUSE, None, "why", until), ADA)

    async def lift(self, shop_no: int = 7) -> None:
        await self.desk.lift(shop_no, ControlKind.PAUSE, ADA)

    async def released(self) -> int:
        await self.book.run_pass()
        return await self.resumed.run_pass()


@pytest.fixture
def site(harness: WorkerHarness) -> Site:
    return Site(harness)


async def test_a_lifted_pause_releases_all_deferred_images_of_its_shop_and_no_others(site: Site) -> None:
    await site.defer(7, 3)
    await site.defer(8, 2)
    await site.pause(7)
    await site.pause(8)
    assert await site.released() == 0
    await site.lift(7)
    assert await site.released() == 3
    assert {row.shop_no for row in await site.rows.claim_due(100, HOUR)} == {7}


async def test_a_pause_that_is_over_by_itself_releases_them_too(site: Site) -> None:
    await site.defer(7, 2)
    await site.pause(until=HOUR)
    assert await site.released() == 0
    site.at += HOUR
    assert await site.released() == 2


async def test_a_worker_that_started_during_the_pause_releases_what_one_before_it_deferred(site: Site) -> None:
    await site.pause()
    await site.book.run_pass()
    await site.defer(7, 2)
    site.start_worker()
    await site.book.start()
    await site.lift()
    assert await site.released() == 2


async def test_a_pause_that_ran_out_while_no_worker_ran_is_released_for_by_the_next_one(site: Site) -> None:
    await site.pause(until=HOUR)
    await site.defer(7, 2)
    site.at += HOUR + timedelta(seconds=1)
    site.start_worker()
    await site.book.start()
    assert await site.released() == 2


async def test_a_pause_that_was_lifted_while_no_worker_ran_is_released_for_by_the_next_one(site: Site) -> None:
    await site.pause()
    await site.defer(7, 2)
    await site.defer(8, 1)
    await site.lift()
    site.at += timedelta(minutes=1)
    site.start_worker()
    await site.book.start()
    assert await site.released() == 2


async def test_a_start_that_cannot_read_what_was_lifted_asks_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(since: datetime) -> frozenset[int]:
        raise Unavailable(Dependency.DATABASE, f"gone {since}")

    await site.pause()
    await site.defer(7, 2)
    await site.lift()
    with monkeypatch.context() as patched:
        patched.setattr(site.controls, "resumed_since", unavailable)
        await site.book.start()
    assert await site.released() == 2


async def test_a_pause_that_ran_out_long_ago_releases_nothing_with_each_start(site: Site) -> None:
    await site.pause(until=HOUR)
    await site.defer(7, 2)
    site.at += 9 * HOUR
    site.start_worker()
    await site.book.start()
    assert await site.released() == 0


async def test_a_pass_releases_a_bounded_number_and_the_shops_take_turns(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumed_shops, "RELEASED_A_PASS", 2)
    for shop_no in (7, 8):
        await site.defer(shop_no, 3)
        await site.pause(shop_no)
    await site.book.run_pass()
    await site.lift(7)
    await site.lift(8)
    shops = []
    for _ in range(3):
        assert await site.released() == 2
        shops.append(sorted(row.shop_no for row in await site.rows.claim_due(100, HOUR)))
    assert shops == [[7, 7], [8, 8], [7, 8]]


async def test_what_a_worker_defers_that_learns_of_the_end_later_is_released_as_well(site: Site) -> None:
    await site.pause()
    await site.book.run_pass()
    await site.lift()
    assert await site.released() == 0
    await site.defer(7, 1)
    assert await site.released() == 1


async def test_a_shop_that_is_paused_again_is_left_deferred(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumed_shops, "RELEASED_A_PASS", 1)
    await site.defer(7, 3)
    await site.pause()
    await site.book.run_pass()
    await site.lift()
    assert await site.released() == 1
    await site.pause()
    assert await site.released() == 0


async def test_images_are_no_longer_asked_for_once_nothing_is_left(site: Site) -> None:
    await site.pause()
    await site.book.run_pass()
    await site.lift()
    for _ in range(3):
        assert await site.released() == 0
    await site.defer(7, 1)  # for its host, say
    assert await site.released() == 0


async def test_what_an_outage_keeps_from_being_released_is_released_by_the_next_pass(site: Site) -> None:
    await site.defer(7, 1)
    await site.pause()
    await site.book.run_pass()
    await site.lift()
    await site.book.run_pass()
    site.rows.unavailable = True
    with pytest.raises(Unavailable):
        await site.resumed.run_pass()
    site.rows.unavailable = False
    assert await site.resumed.run_pass() == 1
