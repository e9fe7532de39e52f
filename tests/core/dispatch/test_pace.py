"""The slower a source, the fewer slots and the less room it has; what it deferred is released in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.dispatch.host_limit import FIRST
from faust_app.core.dispatch.pace.deferral_clock import LONGEST_WAIT, SOON
from faust_app.core.dispatch.pace.slot_bounds import LEAST_OF_A_HOST, UNKNOWN
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.monitoring.lag import STALLED_AFTER

S = (1, "h.test")
NOW = 1000.0


def fetched(pace: SourcePace, source: tuple[int, str], seconds: float) -> None:
    pace.fetching(source, NOW - seconds)
    pace.fetched(source, NOW - seconds, NOW)
    pace.answered(source[1])


def known(seconds: float, *, slots: int = 64) -> SourcePace:
    pace = SourcePace(slots)
    for _ in range(UNKNOWN):
        fetched(pace, S, seconds)
    return pace


@pytest.mark.parametrize(("seconds", "slots"), [(0.01, 64), (0.5, 64), (1.0, 32), (4.0, 8), (8.0, 4), (20.0, 4)], ids=str)
def test_the_slower_a_source_the_fewer_slots_it_may_hold(seconds: float, slots: int) -> None:
    assert known(seconds).bounds.slots_of(S, NOW) == slots


def test_an_unknown_source_is_bounded_and_one_that_hangs_is_known_before_its_first_answer() -> None:
    pace = SourcePace(64)
    assert pace.bounds.slots_of(S, NOW) == UNKNOWN
    pace.arrived(S)
    pace.started(S, NOW)
    pace.fetching(S, NOW)
    assert pace.bounds.slots_of(S, NOW + 10) == 4


def test_an_event_that_waits_for_something_else_slows_no_source() -> None:
    pace = known(0.1)
    pace.arrived(S)
    pace.started(S, NOW)
    assert pace.bounds.slots_of(S, NOW + 30) == 64


def test_one_fetch_that_hangs_among_many_that_do_not_slows_no_source() -> None:
    pace = known(0.1)
    pace.fetching(S, NOW)
    for _ in range(2):
        pace.fetching(S, NOW + 19.9)
    assert pace.bounds.slots_of(S, NOW + 20) == 64


def test_a_source_is_full_only_when_it_may_not_hold_every_slot() -> None:
    fast, slow = known(0.1, slots=4), known(20.0)
    for pace in (fast, slow):
        for _ in range(4):
            assert not pace.bounds.is_full(S, NOW)
            pace.arrived(S)
            pace.started(S, NOW)
    assert not fast.bounds.is_full(S, NOW)
    assert slow.bounds.is_full(S, NOW)


def test_a_source_has_no_slot_when_it_holds_its_share_and_has_one_again_when_it_ends() -> None:
    pace = known(20.0)
    for _ in range(4):
        assert pace.bounds.has_slot(S, NOW)
        pace.arrived(S)
        pace.started(S, NOW)
    assert not pace.bounds.has_slot(S, NOW)
    pace.ended(S, NOW)
    assert pace.bounds.has_slot(S, NOW)


def test_many_shops_of_one_slow_host_share_the_slots_of_the_host() -> None:
    pace = SourcePace(64)
    for shop in range(8):
        fetched(pace, (shop, "h.test"), 20.0)
    started = 0
    for shop in range(8):
        while pace.bounds.has_slot((shop, "h.test"), NOW):
            pace.arrived((shop, "h.test"))
            pace.started((shop, "h.test"), NOW)
            started += 1
    assert started == 8


def test_work_without_a_source_is_never_bounded_and_never_deferred() -> None:
    pace = SourcePace(1)
    for _ in range(5000):
        pace.arrived((1, ""))
    assert pace.bounds.has_slot((1, ""), NOW)
    assert pace.deferrals.surplus((1, ""), NOW) == 0


def test_a_queue_is_as_long_as_it_may_be_waited_for_and_one_event_always_stays() -> None:
    pace = known(2.0)
    for _ in range(100):
        pace.arrived(S)
    assert pace.deferrals.surplus(S, NOW) == 100 - int(LONGEST_WAIT * FIRST / 2.0), "no more at once are known to be served well"
    hanging = known(100_000.0)
    hanging.arrived(S)
    hanging.arrived(S)
    assert hanging.deferrals.surplus(S, NOW) == 1


def test_shops_that_share_a_slow_host_keep_so_few_events_that_none_waits_for_minutes() -> None:
    pace, seconds = SourcePace(64), 15.0
    shops = [(shop, "h.test") for shop in range(50)]
    stay = 0
    for shop in shops:
        for _ in range(UNKNOWN):
            fetched(pace, shop, seconds)
        for _ in range(10):
            pace.arrived(shop)
    for shop in shops:
        surplus = pace.deferrals.surplus(shop, NOW)
        for _ in range(surplus):
            pace.left(shop)
        stay += 10 - surplus
    assert stay == len(shops), "one of each"
    assert stay / LEAST_OF_A_HOST * seconds < STALLED_AFTER.total_seconds()
    assert pace.deferrals.defer(shops[0], NOW) == pytest.approx(SOON + seconds * len(shops) / LEAST_OF_A_HOST)


def test_a_source_has_its_own_slots_again_when_the_others_of_its_host_are_done() -> None:
    pace, others = known(15.0), [(shop, "h.test") for shop in range(2, 50)]
    for source in [*[S] * 100, *others]:
        pace.arrived(source)
    assert pace.deferrals.surplus(S, NOW) == 99
    for source in others:
        pace.started(source, NOW)
        pace.ended(source, NOW)
    assert pace.deferrals.surplus(S, NOW) == 100 - int(LONGEST_WAIT * 4 / 15.0)


def test_a_source_of_which_nothing_is_known_puts_nothing_off() -> None:
    pace = SourcePace(64)
    for _ in range(100):
        pace.arrived(S)
    assert pace.deferrals.surplus(S, NOW) == 0


@given(seconds=st.floats(0.01, 30), count=st.integers(1, 200))
def test_what_is_deferred_is_due_one_after_the_other_at_the_rate_of_the_source(seconds: float, count: int) -> None:
    pace = known(seconds)
    delays = [pace.deferrals.defer(S, NOW) for _ in range(count)]
    each = seconds / pace.bounds.slots_of(S, NOW)
    assert delays[0] == pytest.approx(SOON + each)
    assert delays[-1] == pytest.approx(SOON + count * each)


def test_events_are_released_when_their_source_runs_out_and_not_before() -> None:
    pace = known(2.0)
    for _ in range(200):
        pace.deferrals.defer(S, NOW)
    assert pace.deferrals.to_release(NOW) == [(S, int(SOON * 16 / 2.0))]
    for _ in range(100):
        pace.arrived(S)
    assert pace.deferrals.to_release(NOW) == []
    for _ in range(100):
        pace.left(S)
    pace.deferrals.released_all(S, NOW)
    assert pace.deferrals.to_release(NOW) == []


def test_a_source_that_has_become_fast_has_every_slot_again() -> None:
    pace = known(20.0)
    for _ in range(60):
        fetched(pace, S, 0.05)
    assert pace.bounds.slots_of(S, NOW) == 64


def test_what_is_remembered_is_bounded_and_what_is_at_work_is_kept() -> None:
    pace = SourcePace(64)
    busy = (0, "busy.test")
    pace.arrived(busy)
    pace.started(busy, NOW)
    for shop in range(1, 50_050):
        pace.arrived((shop, "h.test"))
        pace.started((shop, "h.test"), NOW)
        pace.ended((shop, "h.test"), NOW)
    pace.ended(busy, NOW)
    assert len(pace.accounts.sources) <= 50_001


def start(pace: SourcePace, *hosts: str) -> list[str]:
    """Start an event of each host that has a slot; return those that had one."""
    started = []
    for shop, host in enumerate(hosts):
        pace.arrived((shop, host))
        if pace.bounds.has_slot((shop, host), NOW):
            pace.started((shop, host), NOW)
            started.append(host)
    return started


def test_a_host_never_fetched_from_gets_one_slot_and_leaves_an_eighth_to_the_answering() -> None:
    pace = SourcePace(64)
    assert start(pace, "new", "new") == ["new"]
    assert len(start(pace, *(f"new{n}" for n in range(100)))) == 55
    pace.answered("good")
    assert start(pace, "good") == ["good"]


def test_failing_hosts_hold_half_of_the_slots_together_and_what_waits_for_them_is_full() -> None:
    pace = SourcePace(64)
    for n in range(100):
        pace.failed(f"dead{n}")
    assert len(start(pace, *(f"dead{n}" for n in range(100)))) == 32
    assert pace.bounds.was_refused()
    assert not pace.bounds.was_refused()
    assert pace.bounds.is_full((1, "dead99"), NOW), "it holds up acknowledgements: its row takes it over"
    assert start(pace, "new") == ["new"]
    pace.ended((0, "dead0"), NOW)
    assert start(pace, "dead99") == ["dead99"]


def test_a_host_that_answers_or_is_waited_for_is_bounded_with_the_failing_ones_no_more() -> None:
    pace = SourcePace(64)
    for n in range(40):
        pace.failed(f"dead{n}")
    running = start(pace, *(f"dead{n}" for n in range(40)))
    pace.answered("dead0")
    pace.left_alone("dead1", is_left_alone=True)
    assert len(start(pace, "dead38", "dead39")) == 2
    for shop, host in enumerate(running):
        pace.ended((shop, host), NOW)
    pace.left_alone("dead1", is_left_alone=False)
    for shop, host in ((0, "dead38"), (1, "dead39")):
        pace.ended((shop, host), NOW)
    assert (pace.accounts.unproven, pace.accounts.failing) == (0, 0)


def test_a_host_that_answered_before_counts_as_failing_from_the_third_failure_in_a_row_on() -> None:
    pace = SourcePace(2)
    pace.answered("h")
    for _ in range(2):
        pace.failed("h")
    assert start(pace, "h", "h") == ["h", "h"]
    pace.failed("h")
    assert start(pace, "h") == []


def test_while_our_network_counts_as_down_a_slot_is_for_those_that_are_tried() -> None:
    pace = SourcePace(64)
    pace.egress.open()
    assert len(start(pace, *(f"h{n}" for n in range(20)))) == 4
    assert pace.bounds.has_slot((1, ""), NOW), "a deletion needs no network"


def test_what_is_deferred_for_a_paused_shop_is_released_once_the_shop_is_resumed() -> None:
    pace = known(0.1)
    pace.deferrals.defer_for_pause(S, NOW + 900)
    pace.deferrals.end_pauses(lambda shop: shop == S[0])
    assert pace.deferrals.to_release(NOW) == []
    pace.deferrals.end_pauses(lambda _: False)
    assert [source for source, _ in pace.deferrals.to_release(NOW)] == [S]


def test_events_that_store_what_they_fetched_do_not_count_as_fetches_of_their_host() -> None:
    pace = SourcePace(64, {"h.test": FIRST})
    for _ in range(UNKNOWN):
        fetched(pace, S, 0.1)
    for _ in range(FIRST):
        assert pace.bounds.has_slot(S, NOW)
        pace.arrived(S)
        pace.started(S, NOW)
        pace.fetching(S, NOW)
    assert not pace.bounds.has_slot(S, NOW), "the platform allows no more"
    pace.fetched(S, NOW, NOW + 0.1)
    pace.storing(S)
    assert pace.bounds.has_slot(S, NOW + 0.1)
    for _ in range(FIRST - 1):
        pace.fetched(S, NOW, NOW + 0.1)
        pace.storing(S)
    for _ in range(FIRST):
        pace.ended(S, NOW, stored=True)
    for _ in range(FIRST):
        assert pace.bounds.has_slot(S, NOW + 1)
        pace.arrived(S)
        pace.started(S, NOW + 1)
    assert not pace.bounds.has_slot(S, NOW + 1)
