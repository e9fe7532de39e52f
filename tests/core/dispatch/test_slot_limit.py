"""A worker finds how many images it can transfer at once: more while all is at ease, fewer when storage or loop has too much to do."""

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.dispatch.host_limit import FIRST as FIRST_OF_A_HOST
from faust_app.core.dispatch.slot_limit import FIRST, IN_A_ROW, LATE, LEAST, STEP, SlotLimit
from tests.core.dispatch.slot_simulation import Slots, Work

MOST = 128
_TICK = (-1.0, -1.0)
Takes = Callable[[int, float], float]
"""Seconds of a PUT that begins while so many others are under way, at a time."""


def at_ease(_others: int, _now: float) -> float:
    return 0.05


def congested_from(at_once: int) -> Takes:
    """More at once than that take longer: storage does no more in all."""
    return lambda others, _now: 0.3 * max(1.0, (others + 1) / at_once)


def run(
    limit: SlotLimit, takes: Takes, *, until: float, fetch: float = 0.1, wanted: int = 1000, lag: Callable[[float], float] = lambda _: 0.0
) -> list[int]:
    """Transfer as many at once as there are slots, each with a fetch and a PUT; return the slots of every second."""
    later: list[tuple[float, tuple[float, float]]] = [(0.0, _TICK)]
    running, putting, found = 0, 0, list[int]()
    chance = random.Random(1)
    while True:
        now, (begins, began) = heapq.heappop(later)
        if now > until:
            return found
        if (begins, began) == _TICK:
            limit.judge(now, running, lag(now))
            found.append(limit.slots)
            heapq.heappush(later, (now + 1.0, _TICK))
        elif begins:
            limit.put_began(now)
            heapq.heappush(later, (now + takes(putting, now), (0.0, now)))
            putting += 1
        else:
            limit.put_ended(began, now, stored=True)
            running, putting = running - 1, putting - 1
        while running < min(wanted, limit.slots):
            heapq.heappush(later, (now + fetch * chance.uniform(0.5, 1.5), (1.0, 0.0)))
            running += 1


@given(
    most=st.integers(1, 1000),
    seconds=st.lists(
        st.tuples(st.lists(st.floats(0.0, 60.0), max_size=20), st.booleans(), st.integers(0, 1000), st.floats(0.0, 10.0)), max_size=60
    ),
)
def test_the_slots_are_never_outside_their_bounds(most: int, seconds: list[tuple[list[float], bool, int, float]]) -> None:
    limit = SlotLimit(most)
    assert min(LEAST, most) <= limit.slots <= most
    for second, (puts, stored, running, lag) in enumerate(seconds):
        for took in puts:
            limit.put_began(second)
            limit.put_ended(second, second + took, stored=stored)
        limit.judge(second + 1.0, running, lag)
        assert min(LEAST, most) <= limit.slots <= most


def test_slots_that_are_used_and_serve_well_become_as_many_as_may_be() -> None:
    found = run(SlotLimit(MOST), at_ease, until=60)
    assert (found[0], found[1] - found[0], found[-1]) == (FIRST, STEP, MOST)


def test_slots_that_nobody_wants_do_not_become_more() -> None:
    assert set(run(SlotLimit(MOST), at_ease, until=60, wanted=40)) == {FIRST}


def test_a_loop_that_is_busy_gets_no_more_slots_and_keeps_those_it_has() -> None:
    assert set(run(SlotLimit(MOST), at_ease, until=60, lag=lambda _: 0.05)) == {FIRST}


def test_storage_that_only_takes_longer_for_more_is_asked_for_more_slowly() -> None:
    assert run(SlotLimit(MOST), at_ease, until=20)[-1] == MOST
    assert run(SlotLimit(MOST), congested_from(24), until=60)[-1] < 100


def test_storage_that_breaks_down_beyond_a_number_is_kept_near_it() -> None:
    found = run(SlotLimit(MOST), lambda others, _: 0.1 if others < 70 else 2.0, until=300, fetch=0.01)
    assert LEAST < sum(found[60:]) / len(found[60:]) < 110


def test_the_number_recovers_when_storage_does() -> None:
    def takes(_others: int, now: float) -> float:
        return 0.05 if now < 30 or now > 40 else 2.0

    found = run(SlotLimit(MOST), takes, until=90)
    assert (found[29], found[-1]) == (MOST, MOST)
    assert min(found[30:]) < MOST / 2


def test_storage_that_stays_slow_whatever_it_is_asked_is_used_in_full_again() -> None:
    found = run(SlotLimit(MOST), lambda _, now: 0.1 if now < 30 else 0.5, until=200)
    assert min(found[30:]) < FIRST
    assert found[-1] == MOST


def test_storage_that_hangs_gets_fewer_and_no_more_before_it_answers() -> None:
    found = run(SlotLimit(MOST), lambda _, now: 0.05 if now < 30 else 1e6, until=90)
    assert found[-1] <= MOST * 0.75
    assert found[32:] == sorted(found[32:], reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_noise_never_takes_half_of_the_slots(seed: int) -> None:
    chance = random.Random(seed)
    takes = chance.lognormvariate

    def lag(now: float) -> float:
        return 2.0 if int(now) % 7 == 0 else chance.uniform(0.0, 0.03)

    found = run(SlotLimit(MOST), lambda *_: takes(-3.0, 1.0), until=300, lag=lag)
    assert min(found) > FIRST / 2


def test_slow_sources_take_no_slots_from_the_others() -> None:
    assert min(run(SlotLimit(MOST), at_ease, until=120, fetch=20.0)) == FIRST


def at_least() -> SlotLimit:
    limit, second = SlotLimit(MOST), 0.0
    while limit.slots > LEAST:
        limit.judge(second, running=1, lag=2 * LATE)
        second += 1.0
    return limit


@pytest.mark.parametrize("shops", [1, 2, 3])
def test_a_few_slow_shops_alone_get_their_part_of_the_first_number(shops: int) -> None:
    slots = Slots(LEAST, limit=at_least())
    for shop in range(shops):
        slots.knows(f"{shop}.test", 2.0, shop)
    slots.run([Work(0.0, shop, 2.0, host=f"{shop}.test") for shop in range(shops) for _ in range(200)], until=60.0)
    assert slots.slots == FIRST
    assert [slots.most_of_shop[shop] for shop in range(shops)] == [FIRST_OF_A_HOST] * shops


def test_a_worker_without_work_has_the_first_number_again_and_no_more() -> None:
    limit = at_least()
    for second in range(100):
        limit.judge(1000.0 + second, running=0, lag=0.0)
    assert limit.slots == FIRST


def test_a_loop_that_is_late_while_no_event_runs_takes_no_slots() -> None:
    limit = SlotLimit(MOST)
    for second in range(2 * IN_A_ROW):
        limit.judge(float(second), running=0, lag=2 * LATE)
    assert limit.slots == FIRST


def test_a_loop_that_is_late_again_and_again_has_too_much_to_do() -> None:
    limit = SlotLimit(MOST)
    for second in range(IN_A_ROW):
        assert limit.slots == FIRST
        limit.judge(float(second), FIRST, 2 * LATE)
    assert limit.slots == FIRST * 3 // 4


def test_a_put_that_failed_says_nothing_of_what_storage_takes() -> None:
    limit = SlotLimit(MOST)
    for second in range(10):
        for _ in range(20):
            limit.put_began(float(second))
            limit.put_ended(float(second), second + 1e-6, stored=False)
        for _ in range(20):
            limit.put_began(float(second))
            limit.put_ended(float(second), second + 0.5, stored=True)
        limit.judge(second + 1.0, FIRST, 0.0)
    assert limit.slots > FIRST
