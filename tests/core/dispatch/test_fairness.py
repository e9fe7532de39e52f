"""Who waits, how long and why: of one worker as its scheduler knows it, as JSON, and of several together."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.dispatch.fairness import (
    HOST_CHARACTERS,
    LISTED_SHOPS,
    MAX_BYTES,
    NOTHING,
    Fairness,
    Hold,
    ShareState,
    ShopState,
    Spread,
    fairness_text,
    listed,
    parse_fairness,
    spread_of,
    sum_of,
)
from faust_app.core.dispatch.fairness_snapshot import WorkerNow, snapshot_of
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.core.dispatch.usage import REST
from tests.core.dispatch.slot_simulation import Slots, Work

NEVER_PAUSED = WorkerNow(0.0, 0.0, 8, may_start=True, is_paused=lambda _share: False)


def seen(worker: Slots, now: float, **changes: Any) -> Fairness:
    return snapshot_of(worker.scheduler, replace(NEVER_PAUSED, now=now, slots=worker.slots, **changes))


def burst(shop: int, count: int, seconds: float = 0.1, host: str = "", share: Share = Share.BULK) -> list[Work]:
    return [Work(0.0, shop, seconds, share, host) for _ in range(count)]


def test_a_giant_that_waits_for_slots_shows_what_it_wanted_and_got() -> None:
    worker = Slots(8)
    worker.run([*burst(1, 4000), *burst(2, 400), *(Work(1.0 + n, 3, 0.1) for n in range(18))], until=20.0)
    now = seen(worker, 20.0)
    giant, quiet = now.shop(1), now.shop(3)
    assert giant is not None
    assert quiet is not None
    assert giant.hold in {Hold.SLOTS, Hold.OTHERS}
    assert now.wanted_minute(giant) == 1.0
    assert 0.5 < now.got_minute(giant) < 1.0
    assert now.wanted_minute(quiet) == now.got_minute(quiet) == pytest.approx(18 * 0.1 / (8 * 20), rel=0.01)
    assert (quiet.hold, quiet.waiting, quiet.started) == (None, 0, 18)
    assert quiet.longest_s <= 0.2 < giant.longest_s


def test_a_share_shows_the_wait_of_quiet_shops_beside_its_bound() -> None:
    worker = Slots(8)
    worker.run([*burst(1, 2000), *(Work(1.0 + n, 3, 0.1) for n in range(10))], until=12.0)
    bulk = next(share for share in seen(worker, 12.0).shares if share.share is Share.BULK)
    assert bulk.quiet >= 10
    assert bulk.exceeded == 0
    assert bulk.wait_s <= bulk.wait_bound_s
    assert (bulk.waiting, bulk.running) == (
        worker.scheduler.workload.queued(Share.BULK),
        worker.scheduler.workload.running_by_share[Share.BULK],
    )
    assert bulk.oldest_s == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("limits", "changes", "hold"),
    [
        (ShopLimits(paused=True), {}, Hold.PAUSED),
        (ShopLimits(slots=2), {}, Hold.CAP),
        (ShopLimits(per_second=1.0), {}, Hold.CAP),
        (ShopLimits(), {"may_start": False}, Hold.HELD),
        (ShopLimits(), {"is_paused": lambda share: share is Share.BULK}, Hold.LANE),
        (ShopLimits(), {}, Hold.SLOTS),
    ],
)
def test_a_shop_says_why_it_waits(limits: ShopLimits, changes: dict[str, Any], hold: Hold) -> None:
    worker = Slots(8, limits=lambda shop: limits if shop == 1 else ShopLimits())
    worker.run(burst(1, 200, 1.0), until=0.5)
    shop = seen(worker, 0.5, **changes).shop(1)
    assert shop is not None
    assert shop.hold is hold


def test_a_shop_whose_server_is_the_limit_names_the_server() -> None:
    worker = Slots(64)
    worker.knows("slow.test", 8.0)
    worker.run(burst(1, 200, 8.0, "slow.test"), until=5.0)
    shop = seen(worker, 5.0).shop(1)
    assert shop is not None
    assert (shop.hold, shop.host) == (Hold.SOURCE, "slow.test")
    assert seen(worker, 5.0).spread.shops == 0, "it does not wait for slots"


def test_a_shop_that_others_hold_up_says_so() -> None:
    worker = Slots(4)
    worker.run([work for shop in range(1, 10) for work in burst(shop, 50, 1.0)], until=0.5)
    waiting = [shop for shop in seen(worker, 0.5).shops if not shop.running]
    assert waiting
    assert {shop.hold for shop in waiting} == {Hold.OTHERS}


def test_five_thousand_shops_are_twenty_and_the_rest() -> None:
    worker = Slots(8)
    worker.run([work for shop in range(1, 5001) for work in burst(shop, 2)], until=5.0)
    now = seen(worker, 5.0)
    assert len(now.shops) == LISTED_SHOPS
    assert now.rest.shops == 5000 - LISTED_SHOPS
    assert sum(shop.waiting for shop in (*now.shops, now.rest)) == now.waiting
    assert len(fairness_text(now)) < MAX_BYTES / 2


def test_an_idle_worker_has_nothing_to_tell() -> None:
    now = seen(Slots(8), 100.0)
    assert (now.waiting, now.running, now.shops, now.rest.shops, now.spread.jain) == (0, 0, (), 0, None)
    assert now.minute_s == 8 * 60


def shops() -> st.SearchStrategy[ShopState]:
    seconds = st.floats(0, 1e6).map(lambda value: round(value, 3))
    counts = st.integers(0, 10**6)
    return st.builds(
        ShopState,
        shop=st.integers(1, 60), waiting=counts, running=counts, minute_s=seconds, hour_s=seconds, waiting_s=seconds, started=counts,
        waited_s=seconds, longest_s=seconds, weight=st.floats(0.1, 10), holds=st.dictionaries(st.sampled_from(Hold), st.integers(1, 1000)),
        host=st.none() | st.text(max_size=HOST_CHARACTERS),
    )  # fmt: skip


def snapshots() -> st.SearchStrategy[Fairness]:
    known = st.lists(shops(), max_size=60, unique_by=lambda shop: shop.shop).map(listed)
    share = ShareState(Share.BULK, 5, 3, 2, 1.5, 0.7, 0.4, 0.6, 9, 0)
    spreads = st.lists(st.floats(0, 100), max_size=9).map(spread_of)
    return st.builds(lambda of, spread: Fairness(8, 480.0, 28_800.0, (share,), of[0], of[1], spread), known, spreads)


@given(snapshots())
def test_what_a_worker_writes_is_read_as_it_was(snapshot: Fairness) -> None:
    text = fairness_text(snapshot)
    assert parse_fairness(text) == snapshot
    assert text.isascii()
    assert len(text) <= MAX_BYTES


@given(st.lists(snapshots(), max_size=4))
def test_the_sum_of_workers_loses_nothing_and_is_bounded(workers: list[Fairness]) -> None:
    total = sum_of(workers)
    for name in ("waiting", "running", "started"):
        expected = sum(getattr(shop, name) for each in workers for shop in (*each.shops, each.rest))
        assert sum(getattr(shop, name) for shop in (*total.shops, total.rest)) == expected
    assert len(total.shops) <= LISTED_SHOPS
    assert total.workers == len(workers)
    longest = max((shop.longest_s for each in workers for shop in (*each.shops, each.rest)), default=0.0)
    assert max(shop.longest_s for shop in (*total.shops, total.rest)) == longest
    assert all(0.0 <= part <= 1.0 for shop in total.shops for part in (total.got_minute(shop), total.wanted_minute(shop)))


def test_of_two_workers_the_worse_bound_and_wait_are_shown() -> None:
    share = ShareState(Share.EXPRESS, 1, 2, 4, 0.5, 0.3, 0.2, 0.9, 3, 0)
    other = ShareState(Share.EXPRESS, 2, 1, 4, 0.1, 0.7, 0.4, 0.3, 2, 1)
    (both,) = sum_of([replace(NOTHING, shares=(share,)), replace(NOTHING, shares=(other,))]).shares
    assert both == ShareState(Share.EXPRESS, 3, 3, 8, 0.5, 0.7, 0.4, 0.3, 5, 1)


def test_nothing_is_the_sum_of_no_workers() -> None:
    assert sum_of([]) == NOTHING
    assert sum_of([]).got_minute(ShopState(1)) == 0.0


@pytest.mark.parametrize(
    ("got", "index"),
    [([1.0, 1.0, 1.0, 1.0], 1.0), ([4.0, 0.0, 0.0, 0.0], 0.25), ([2.0, 1.0], 0.9), ([], None), ([0.0, 0.0], None)],
)
def test_jains_index_says_how_evenly_shops_are_served(got: list[float], index: float | None) -> None:
    assert spread_of(got).jain == (None if index is None else pytest.approx(index))


def test_the_rest_is_no_shop() -> None:
    most, rest = listed([ShopState(REST, hour_s=5.0, shops=3), ShopState(7, hour_s=1.0)])
    assert ([shop.shop for shop in most], rest.hour_s, rest.shops) == ([7], 5.0, 3)


GOOD = json.loads(fairness_text(Fairness(8, 1.0, 1.0, (ShareState(Share.BULK, 1, 1, 1, 0.0, 0.0),), (ShopState(1, 2),))))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", json.dumps(GOOD | {"slots": -1}), json.dumps(GOOD | {"minute_s": "NaN"}),
        json.dumps(GOOD | {"shops": [{"shop": n} for n in range(LISTED_SHOPS + 1)]}), json.dumps(GOOD | {"shares": [{"share": "other"}]}),
        '{"slots":1,"minute_s":NaN,"hour_s":1,"shares":[],"shops":[]}', "x" * (MAX_BYTES + 1),
        json.dumps(GOOD | {"shops": [{"shop": 1, "host": "h" * 101}]}),
    ],
)  # fmt: skip
def test_what_no_worker_writes_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(does not say|has more)") as raised:
        parse_fairness(text)
    assert "\n" not in str(raised.value)


def test_a_field_of_a_later_release_is_ignored() -> None:
    assert parse_fairness(json.dumps(GOOD | {"later": 1})).shops == (ShopState(1, 2),)


def test_a_spread_of_nobody_is_none() -> None:
    assert Spread().jain is None
