"""Sources in turn, each one's events in their order, a full one out of turn."""

from faust_app.core.dispatch.queues import SourceQueues
from faust_app.core.sources.health import Source

A, B, C = (1, "a.test"), (2, "a.test"), (3, "c.test")


def always(_source: Source) -> bool:
    return True


def filled(**_: object) -> SourceQueues[str]:
    queues = SourceQueues[str]()
    for item in ("a1", "a2", "a3"):
        queues.push(A, item)
    queues.push(B, "b1")
    queues.push(C, "c1")
    return queues


def test_sources_take_turns_and_each_keeps_its_order() -> None:
    queues = filled()
    assert [queues.pop(always) for _ in range(6)] == ["a1", "b1", "c1", "a2", "a3", None]


def test_a_full_source_is_passed_over_until_a_slot_of_its_host_is_freed() -> None:
    queues = filled()
    assert [queues.pop(lambda source: source == C) for _ in range(2)] == ["c1", None]
    assert queues.pop(always) is None, "nobody asks again for a source that is full"
    queues.slot_freed("other.test")
    assert queues.pop(always) is None
    queues.slot_freed("a.test")
    assert [queues.pop(always) for _ in range(4)] == ["a1", "b1", "a2", "a3"]


def test_what_is_put_in_front_comes_next_of_its_source() -> None:
    queues = filled()
    queues.push_front(A, "a0")
    assert queues.pop(always) == "a0"
    queues = SourceQueues[str]()
    queues.push_front(A, "a0")
    assert (queues.pop(always), queues.pop(always)) == ("a0", None)


def test_the_youngest_can_be_taken_and_the_last_one_stays() -> None:
    queues = filled()
    assert [queues.pop_youngest(A) for _ in range(3)] == ["a3", "a2", None]
    assert queues.pop_youngest((9, "unknown.test")) is None
    assert queues.sources() == [A, B, C]
