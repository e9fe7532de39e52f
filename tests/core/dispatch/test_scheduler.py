"""Which event starts next: an event of a quiet shop within its bound, no shop above its part, and no slot idle."""

import time
from collections import Counter, deque
from collections.abc import Callable
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faust_app.core.dispatch.host_limit import FIRST
from faust_app.core.dispatch.pace.deferral_clock import room_of_each
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share, guaranteed_slots
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.core.dispatch.turns.turns import QUANTUM
from faust_app.core.dispatch.workload import Ticket
from tests.core.dispatch.slot_simulation import Slots, Work

GIANT = 1


def burst(count: int, seconds: float = 0.1, *, shop: int = GIANT, share: Share = Share.BULK, at: float = 0.0) -> list[Work]:
    return [Work(at, shop, seconds, share) for _ in range(count)]


def test_one_shops_thousands_make_another_wait_for_one_slot_only() -> None:
    worker = Slots(16)
    worker.run([*burst(5000), *(Work(2.0 + 0.5 * n, 2, 0.1) for n in range(20))])
    assert max(worker.waits(2)) <= 0.1
    assert worker.ended == pytest.approx(5020 * 0.1 / 16, rel=0.02), "and nobody is slower for it"


def test_no_slot_is_idle_while_anything_waits() -> None:
    for share in Share:
        worker = Slots(10)
        worker.run(burst(1000, share=share))
        assert worker.ended == pytest.approx(10.0), f"{share} has every slot that nobody else wants"


def test_a_shop_holds_a_quarter_of_the_slots_while_others_wait_and_all_when_none_does() -> None:
    worker = Slots(16)
    worker.run([*(Work(0.0, 2 + n % 8, 0.1) for n in range(400)), *burst(400, at=0.05)], until=2.0)
    assert worker.most_of_shop[GIANT] <= 4
    alone = Slots(16)
    alone.run(burst(100))
    assert alone.most_of_shop[GIANT] == 16


@pytest.mark.parametrize(("share", "part"), [(Share.EXPRESS, 0.5), (Share.BULK, 0.3), (Share.RETRY, 0.1), (Share.REPUBLISHED, 0.1)])
def test_every_share_has_what_it_is_guaranteed_however_much_the_others_want(share: Share, part: float) -> None:
    worker = Slots(20)
    everything = [Work(0.0, 100 * index + n % 50, 0.1, each) for index, each in enumerate(Share) for n in range(2000)]
    worker.run(everything, until=20.0)
    got = sum(each.work.share is share for each in worker.started)
    assert got / len(worker.started) == pytest.approx(part, abs=0.05)


@pytest.mark.parametrize("share", [Share.RETRY, Share.REPUBLISHED])
def test_retries_and_repairs_hold_a_fifth_at_most_while_others_wait(share: Share) -> None:
    worker = Slots(20)
    worker.run([Work(0.0, n % 50, 0.1, each) for each in (share, Share.BULK) for n in range(2000)], until=10.0)
    got = sum(each.work.share is share for each in worker.started[20:])
    assert got / len(worker.started[20:]) <= 0.21


def test_a_shop_whose_images_take_long_gets_as_much_time_as_one_whose_images_do_not() -> None:
    worker = Slots(8)
    worker.run([*burst(3000, 0.05, shop=1), *burst(3000, 0.8, shop=2), *burst(3000, 0.1, shop=3)], until=30.0)
    got = [worker.seconds_by(shop, 30.0) for shop in (1, 2, 3)]
    assert max(got) / min(got) <= 1.15, got


@pytest.mark.parametrize("weight", [0.5, 2.0, 5.0])
def test_a_shop_gets_by_its_weight(weight: float) -> None:
    worker = Slots(8, limits=lambda shop: ShopLimits(weight=weight if shop == 1 else 1.0))
    shops = range(1, 9)
    worker.run([work for shop in shops for work in burst(2000, shop=shop)], until=20.0)
    got = [worker.seconds_by(shop, 20.0) for shop in shops]
    expected = min(weight / 1.0, 0.25 * sum(got) / (sum(got[1:]) / 7))
    assert got[0] / (sum(got[1:]) / 7) == pytest.approx(expected, rel=0.15)


def test_a_shop_that_is_paused_starts_nothing_and_the_others_have_its_slots() -> None:
    paused = {1}
    worker = Slots(8, limits=lambda shop: ShopLimits(paused=shop in paused))
    worker.run([*burst(100, shop=1), *burst(100, shop=2)])
    assert worker.waits(1) == []
    assert worker.ended == pytest.approx(100 * 0.1 / 8, rel=0.1)
    paused.clear()
    worker.scheduler.all_freed()
    assert worker.scheduler.next(100.0, 8) is not None, "and what waits starts when it is resumed"


def test_a_shop_holds_no_more_slots_than_an_operator_allows() -> None:
    worker = Slots(16, limits=lambda shop: ShopLimits(slots=2))
    worker.run(burst(100))
    assert worker.most_of_shop[GIANT] == 2


def test_a_shop_starts_no_more_a_second_than_an_operator_allows() -> None:
    worker = Slots(16, limits=lambda shop: ShopLimits(per_second=5.0))
    worker.run(burst(200), until=20.0)
    assert 90 <= len(worker.started) <= 106


@given(
    noisy=st.lists(st.tuples(st.floats(0.01, 2.0), st.integers(1, 60)), min_size=1, max_size=12),
    quiet=st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(0.01, 2.0)), min_size=1, max_size=10, unique_by=lambda each: each[0]),
    slots=st.integers(2, 24),
    share=st.sampled_from([Share.EXPRESS, Share.BULK]),
)
@settings(max_examples=150, deadline=None)
def test_an_event_alone_of_its_shop_starts_within_the_bound(
    noisy: list[tuple[float, int]], quiet: list[tuple[float, float]], slots: int, share: Share
) -> None:
    """L + N x Q / S: services last at most L, N shops want more, and each uses at most its quantum and one event in a turn."""
    worker = Slots(slots)
    work = [each for shop, (seconds, count) in enumerate(noisy) for each in burst(count, seconds, shop=shop, share=share)]
    work += [Work(at, 1000 + index, seconds, share) for index, (at, seconds) in enumerate(quiet)]
    worker.run(work)
    longest = max(each.seconds for each in work)
    shops = len(noisy) + len(quiet)
    bound = longest + shops * (QUANTUM + longest) / guaranteed_slots(share, slots)
    assert max(each.waited for each in worker.started if each.work.shop >= 1000) <= bound
    assert len(worker.started) == len(work), "nobody is left out"


@given(
    shops=st.integers(1, 40),
    seconds=st.floats(0.02, 0.5),
    slots=st.integers(4, 32),
)
@settings(max_examples=60, deadline=None)
def test_the_bound_that_is_shown_holds_once_the_work_is_known(shops: int, seconds: float, slots: int) -> None:
    worker = Slots(slots)
    work = [each for shop in range(shops) for each in burst(40, seconds, shop=shop)]
    work += [Work(3.0 + n, 1000 + n, seconds) for n in range(5)]
    worker.run(work)
    shown = [each for each in worker.started if each.work.shop >= 1000]
    assert all(each.waited <= each.bound for each in shown if each.alone)


def test_a_decision_takes_microseconds_with_five_thousand_shops_waiting() -> None:
    """CPU time of the median decision, beside that with ten shops: it grows with the logarithm at most."""

    def each(shops: int) -> float:
        scheduler = Scheduler[int](SourcePace(64))
        for number in range(3 * shops):
            scheduler.add(Share.BULK, (number % shops, f"h{number % shops}"), number, 0.0)
            scheduler.pace.answered(f"h{number % shops}")
        spent, now = [], 0.0
        for _ in range(2000):
            now += 0.01
            began = time.process_time_ns()
            ticket = scheduler.next(now, 64)
            assert ticket is not None
            spent.append(time.process_time_ns() - began)
            scheduler.ended(ticket, now)
            scheduler.add(Share.BULK, ticket.source, 0, now)
        return median(spent)

    few, many = min(each(10) for _ in range(3)), min(each(5000) for _ in range(3))
    assert many <= 6 * few


def test_shops_that_share_one_full_host_cost_no_more_than_a_few_times_what_shops_with_hosts_of_their_own_do() -> None:
    """CPU time of the median end and decision, with 2,000 shops waiting; their host serves 32 at once."""

    def each(slots: int, host_of: Callable[[int], str]) -> float:
        scheduler = Scheduler[int](SourcePace(slots, {"h": 32}))
        for number in range(3 * 2000):
            scheduler.add(Share.BULK, (number % 2000, host_of(number % 2000)), number, 0.0)
            scheduler.pace.answered(host_of(number % 2000))
        running, spent, now = deque[Ticket[int]](), [], 0.0
        while (ticket := scheduler.next(now, slots)) is not None:
            running.append(ticket)
        for _ in range(1000):
            now += 0.01
            began = time.process_time_ns()
            scheduler.ended(running[0], now)
            while (ticket := scheduler.next(now, slots)) is not None:
                running.append(ticket)
            spent.append(time.process_time_ns() - began)
            assert len(running) == 33, "one has ended, and one has started"
            scheduler.add(Share.BULK, running.popleft().source, 0, now)
        return median(spent)

    own, shared = min(each(32, lambda shop: f"h{shop}") for _ in range(3)), min(each(64, lambda _: "h") for _ in range(3))
    assert shared <= 5 * own


@given(
    work=st.lists(
        st.tuples(
            st.floats(0.0, 5.0), st.integers(1, 12), st.floats(0.01, 1.5), st.sampled_from(Share), st.sampled_from(["", "a", "b", "c"])
        ),
        min_size=1,
        max_size=120,
    ),
    most=st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 5)),
    limits=st.dictionaries(
        st.integers(1, 12),
        st.builds(
            ShopLimits,
            weight=st.sampled_from([0.1, 1.0, 10.0]),
            slots=st.sampled_from([None, 1, 3]),
            per_second=st.sampled_from([None, 2.0]),
        ),
    ),
    slots=st.integers(1, 16),
)
@settings(max_examples=150, deadline=None)
def test_no_event_is_left_out_whatever_hosts_limits_and_shops_there_are(
    work: list[tuple[float, int, float, Share, str]], most: dict[str, int], limits: dict[int, ShopLimits], slots: int
) -> None:
    worker = Slots(slots, limits=lambda shop: limits.get(shop, ShopLimits()), host_limits=most)
    worker.run([Work(*each) for each in work], until=2000.0)
    assert len(worker.started) == len(work)
    assert not any(worker.scheduler.workload.queued(share) for share in Share)


@given(
    work=st.lists(st.tuples(st.integers(1, 12), st.floats(0.05, 0.4), st.sampled_from(["a", "b"])), min_size=20, max_size=120),
    most=st.fixed_dictionaries({"a": st.integers(1, 5), "b": st.integers(1, 5)}),
)
@settings(max_examples=100, deadline=None)
def test_no_slot_of_a_host_is_idle_while_any_of_its_events_could_start(work: list[tuple[int, float, str]], most: dict[str, int]) -> None:
    """Without a second's pass: the end of an event alone has the next one start."""
    pace = SourcePace(64, most)
    scheduler = Scheduler[float](pace)
    running, left = list[tuple[float, Ticket[float]]](), Counter(host for _, _, host in work)
    for host in most:
        pace.answered(host)
    for shop, seconds, host in work:
        scheduler.add(Share.BULK, (shop, host), seconds, 0.0)
    now = 0.0
    while True:
        while (ticket := scheduler.next(now, 64)) is not None:
            running.append((now + ticket.item, ticket))
            left[ticket.source[1]] -= 1
        at_once = Counter(ticket.source[1] for _, ticket in running)
        assert all(at_once[host] == most[host] for host in most if left[host])
        if not running:
            break
        running.sort(key=lambda each: each[0])
        now, ended = running.pop(0)
        scheduler.ended(ended, now)
    assert not left.total()


def test_an_event_that_ends_without_a_fetch_frees_no_slot_of_those_that_store() -> None:
    pace = SourcePace(8, {"h": 2})
    scheduler = Scheduler[int](pace)
    pace.answered("h")
    for number in range(5):
        scheduler.add(Share.BULK, (1, "h"), number, 0.0)
    stores, skips = scheduler.next(0.0, 8), scheduler.next(0.0, 8)
    assert stores is not None
    assert skips is not None
    assert scheduler.next(0.0, 8) is None, "the host serves two at once"
    scheduler.fetched(stores, 0.0)
    scheduler.fetched(stores, 0.0)
    third = scheduler.next(0.0, 8)
    assert third is not None
    assert scheduler.next(0.0, 8) is None, "one event leaves room for one more, however often it fetched"
    scheduler.ended(skips, 0.0)
    assert scheduler.next(0.0, 8) is not None, "the first still stores, and burdens the host no more"
    scheduler.ended(stores, 0.0)
    assert scheduler.next(0.0, 8) is None, "its slot was none of the host's two"


@given(queued=st.lists(st.integers(1, 3000), max_size=40), room=st.integers(1, 3000))
def test_the_small_queues_stay_whole_and_the_large_ones_share_what_is_left(queued: list[int], room: int) -> None:
    each = room_of_each(queued, room)
    assert sum(min(count, each) for count in queued) <= max(room, 0) + 1e-6
    if sum(queued) > room:
        assert sum(min(count, each) for count in queued) == pytest.approx(room)


def test_a_cap_that_is_raised_counts_at_once() -> None:
    cap = [1 / 240]
    worker = Slots(16, limits=lambda _: ShopLimits(per_second=cap[0]))
    worker.run(burst(50), until=1.0)
    assert len(worker.started) <= 2
    cap[0] = 100.0
    worker.scheduler.all_freed()
    assert worker.scheduler.next(2.0, 16) is not None


def test_a_wait_for_an_operator_or_for_a_host_says_nothing_of_the_bound() -> None:
    paused = {2}
    worker = Slots(4, limits=lambda shop: ShopLimits(paused=shop in paused))
    worker.scheduler.add(Share.BULK, (2, ""), Work(0.0, 2, 0.1), 0.0)
    assert worker.scheduler.next(0.0, 4) is None
    paused.clear()
    worker.scheduler.all_freed()
    assert worker.scheduler.next(600.0, 4) is not None
    assert all(not waits.exceeded for waits in worker.scheduler.usage.last_minute(600.0).quiet.values())


def test_a_source_whose_events_were_all_deferred_is_not_remembered_as_held_up() -> None:
    paused = {2}
    worker = Slots(4, limits=lambda shop: ShopLimits(paused=shop in paused))
    worker.scheduler.add(Share.BULK, (2, ""), Work(0.0, 2, 0.1), 0.0)
    assert worker.scheduler.next(0.0, 4) is None
    assert worker.scheduler.take_youngest(Share.BULK, (2, "")) is not None
    paused.clear()
    worker.scheduler.add(Share.BULK, (2, ""), Work(60.0, 2, 0.1), 60.0)
    ticket = worker.scheduler.next(60.0, 4)
    assert ticket is not None
    assert ticket.alone, "it waited for nothing"


@given(
    shops=st.integers(1, 30),
    weight=st.sampled_from([1.0, 3.0, 10.0]),
    slots=st.integers(4, 16),
)
@settings(max_examples=40, deadline=None)
def test_the_bound_that_is_shown_counts_the_weights_of_others(shops: int, weight: float, slots: int) -> None:
    worker = Slots(slots, limits=lambda shop: ShopLimits(weight=weight if shop < 1000 else 1.0))
    work = [each for shop in range(shops) for each in burst(60, 0.1, shop=shop)]
    work += [Work(3.0 + n, 1000 + n, 0.1) for n in range(5)]
    worker.run(work)
    assert all(each.waited <= each.bound for each in worker.started if each.work.shop >= 1000 and each.alone)


def test_a_limit_that_is_found_grows_while_events_wait_though_nobody_passes_over_them() -> None:
    pace = SourcePace(64)
    scheduler, now = Scheduler[int](pace), 0.0
    pace.answered("h")
    for number in range(3000):
        scheduler.add(Share.BULK, (number % 50, "h"), number, now)
    under_way = deque[tuple[float, Ticket[int]]]()
    while now < 10.0:
        while (ticket := scheduler.next(now, 64)) is not None:
            pace.fetching(ticket.source, now)
            under_way.append((now, ticket))
        began, ticket = under_way.popleft()
        now = max(now, began + 0.1)
        pace.fetched(ticket.source, began, now)
        scheduler.fetched(ticket, now)
        scheduler.ended(ticket, now)
    assert len(under_way) > FIRST
