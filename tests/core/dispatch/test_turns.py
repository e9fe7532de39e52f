"""Shops in turn, each by what its work costs; a full source out of turn; nobody overtakes by coming back."""

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from faust_app.core.dispatch.turns.turns import QUANTUM, REMEMBERED, Turns
from faust_app.core.sources.health import Source

A, A2, B, C = (1, "a.test"), (1, "a2.test"), (2, "a.test"), (3, "c.test")


def anyone(_shop: int) -> bool:
    return True


def always(_source: Source) -> bool:
    return True


def one_turn(_source: Source) -> float:
    return QUANTUM


def filled() -> Turns[str]:
    turns = Turns[str]()
    for item in ("a1", "a2", "a3"):
        turns.push(A, item)
    turns.push(B, "b1")
    turns.push(C, "c1")
    return turns


def taken(turns: Turns[str], count: int, may_start: object = always) -> list[str | None]:
    found = (turns.take(anyone, may_start, one_turn) for _ in range(count))  # type: ignore[arg-type]
    return [each[1] if each is not None else None for each in found]


def test_shops_take_turns_and_each_keeps_its_order() -> None:
    assert taken(filled(), 6) == ["a1", "b1", "c1", "a2", "a3", None]


def test_the_hosts_of_a_shop_take_turns_within_its_turns() -> None:
    turns = Turns[str]()
    for source, item in ((A, "a1"), (A, "a2"), (A2, "x1"), (B, "b1"), (B, "b2")):
        turns.push(source, item)
    assert taken(turns, 5) == ["a1", "b1", "x1", "b2", "a2"]


def test_a_full_source_is_passed_over_until_a_slot_of_its_host_is_freed() -> None:
    turns = filled()
    assert [turns.take(anyone, lambda source: source == C, one_turn, lambda host: host == "a.test") for _ in range(2)] == [(C, "c1"), None]
    assert taken(turns, 1) == [None], "nobody asks again for a source that is full"
    turns.freed("other.test")
    assert taken(turns, 1) == [None]
    turns.freed("a.test")
    assert taken(turns, 4) == ["a1", "b1", "a2", "a3"]


def crowd(shops: int) -> Turns[str]:
    """Return turns in which so many shops have found their one host full."""
    turns = Turns[str]()
    for shop in range(shops):
        turns.push((shop, "h"), f"{shop}")
    assert turns.take(anyone, lambda _: False, one_turn, lambda _: True) is None
    return turns


def test_one_slot_that_comes_free_has_one_source_of_the_host_asked() -> None:
    turns, asked = crowd(100), list[Source]()

    def is_asked(source: Source) -> bool:
        asked.append(source)
        return False

    turns.freed("h")
    assert turns.take(anyone, is_asked, one_turn, lambda _: True) is None
    assert asked == [(0, "h")]


def test_a_source_that_cannot_start_for_a_reason_of_its_own_leaves_its_turn_to_the_next() -> None:
    turns = crowd(3)
    turns.freed("h")
    found = turns.take(anyone, lambda source: source != (0, "h"), one_turn, lambda _: False)
    assert found == ((1, "h"), "1")
    turns.ended((0, "h"))
    assert taken(turns, 3) == ["2", "0", None]


def test_a_shop_that_may_not_be_served_leaves_the_room_of_its_host_to_the_next() -> None:
    turns = crowd(3)
    turns.freed("h")
    assert turns.take(lambda shop: shop != 0, always, one_turn) == ((1, "h"), "1")
    assert taken(turns, 3) == ["0", "2", None]


def test_a_shop_that_sits_out_leaves_the_room_of_its_host_to_the_next() -> None:
    turns = crowd(3)
    turns.charge(0, 5 * QUANTUM)
    turns.freed("h")
    assert taken(turns, 4) == ["1", "2", "0", None]


def test_a_shop_that_has_its_share_keeps_its_turn() -> None:
    turns = filled()
    found = turns.take(lambda shop: shop != A[0], always, one_turn)
    assert found == (B, "b1")
    assert taken(turns, 2) == ["a1", "c1"]


def test_what_is_put_in_front_comes_next_of_its_source() -> None:
    turns = filled()
    turns.push(A, "a0", front=True)
    assert taken(turns, 1) == ["a0"]


def test_the_youngest_can_be_taken_and_the_last_one_stays() -> None:
    turns = filled()
    assert [turns.take_youngest(A) for _ in range(3)] == ["a3", "a2", None]
    assert turns.take_youngest((9, "unknown.test")) is None
    assert turns.queued_by_source() == [(A, 1), (B, 1), (C, 1)]
    assert len(turns) == 3


def test_a_shop_whose_events_are_cheap_has_more_of_them_a_turn() -> None:
    turns = Turns[str]()
    for number in range(8):
        turns.push(A, f"cheap{number}")
    for number in range(2):
        turns.push(B, f"dear{number}")
    found = [turns.take(anyone, always, lambda source: QUANTUM / 4 if source == A else QUANTUM) for _ in range(10)]
    assert [each[0][0] for each in found if each] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 2]


def test_a_shop_that_took_longer_than_it_was_charged_sits_out() -> None:
    turns = Turns[str]()
    for number in range(4):
        turns.push(A, f"a{number}")
        turns.push(C, f"c{number}")
    assert taken(turns, 1) == ["a0"]
    turns.charge(A[0], 2 * QUANTUM)
    assert taken(turns, 5) == ["c0", "c1", "c2", "a1", "c3"]


def test_a_shop_that_comes_back_for_one_event_at_a_time_starves_nobody() -> None:
    turns = Turns[str]()
    for number in range(10):
        turns.push(A, f"a{number}")
    turns.push(C, "c")
    shops = Counter[int]()
    for _ in range(20):
        found = turns.take(anyone, always, one_turn)
        assert found is not None
        shops[found[0][0]] += 1
        if found[0] == C:
            turns.push(C, "c")
    assert shops[A[0]] == 10


def test_what_is_remembered_of_shops_without_work_is_bounded() -> None:
    turns = Turns[str]()
    for shop in range(2 * REMEMBERED):
        turns.push((shop, ""), "x")
        turns.take(anyone, always, lambda _: 100 * QUANTUM)
    assert len(turns._shops) <= REMEMBERED + 1


def test_round_robin_serves_one_event_a_turn_whatever_it_costs() -> None:
    turns = Turns[str](quantum=0)
    for number in range(3):
        turns.push(A, f"a{number}")
        turns.push(C, f"c{number}")
    costs = {A: 0.001, C: 50.0}
    found = [turns.take(anyone, always, costs.__getitem__) for _ in range(6)]
    assert [each[1] for each in found if each] == ["a0", "c0", "a1", "c1", "a2", "c2"]


@given(
    costs=st.lists(st.floats(0.001, 3.0), min_size=2, max_size=6),
    weights=st.lists(st.sampled_from([0.1, 0.5, 1.0, 2.0, 10.0]), min_size=6, max_size=6),
)
def test_shops_that_always_want_more_get_service_by_their_weights(costs: list[float], weights: list[float]) -> None:
    """The classic bound of deficit round robin: shares differ by less than a turn and the largest event of each."""
    turns = Turns[int](weight=lambda shop: weights[shop])
    got = [0.0] * len(costs)
    for shop in range(len(costs)):
        turns.push((shop, "h"), shop)
        turns.push((shop, "h"), shop)
    for _ in range(600):
        found = turns.take(anyone, always, lambda source: costs[source[0]])
        assert found is not None
        shop = found[0][0]
        got[shop] += costs[shop]
        turns.push((shop, "h"), shop)
    by_weight = [each / weight for each, weight in zip(got, weights, strict=False)]
    slack = [QUANTUM + 2 * (cost + QUANTUM * weight) / weight for cost, weight in zip(costs, weights, strict=False)]
    assert max(by_weight) - min(by_weight) <= 2 * max(slack)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["push", "take", "defer", "freed", "all_freed", "ended"]), st.sampled_from([A, A2, B, C]), st.booleans()),
        max_size=80,
    )
)
@example(steps=[("push", A, False), ("take", A, False), ("defer", A, False), ("all_freed", A, False)])
@example(steps=[("push", A, False), ("take", A, True), ("defer", A, False), ("freed", A, False)])
@example(steps=[("push", A, False), ("take", A, False), ("defer", A, False), ("push", A, False), ("take", A, False)])
def test_a_source_whose_last_event_was_deferred_is_waited_for_by_nobody(steps: list[tuple[str, Source, bool]]) -> None:
    turns, held, refused = Turns[int](), 0, set[Source]()
    for number, (step, source, is_full) in enumerate(steps):
        if step == "push":
            turns.push(source, number)
            held += 1
        elif step == "take":
            refused ^= {source}
            taken = turns.take(anyone, lambda each, refused=frozenset(refused): each not in refused, one_turn, lambda _, full=is_full: full)  # type: ignore[misc]
            held -= taken is not None
        elif step == "defer":
            held -= turns.take_youngest(source, the_last=True) is not None
        elif step == "freed":
            turns.freed(source[1])
        elif step == "ended":
            turns.ended(source)
        else:
            turns.all_freed()
    served = 0
    for _ in range(held + 200):
        turns.all_freed()
        served += turns.take(anyone, always, one_turn) is not None
    assert (served, len(turns)) == (held, 0)
