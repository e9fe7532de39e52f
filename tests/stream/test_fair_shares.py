"""A shop with little work waits for none with much: neither for its slots, nor for the room to read ahead that it fills."""

from collections import Counter

import pytest

from faust_app.core.dispatch.pace.deferral_clock import SOON
from faust_app.core.dispatch.pace.slot_bounds import UNKNOWN
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.flows.images.executor import Handled
from faust_app.stream import dispatcher as dispatcher_module
from tests.stream.dispatcher_harness import Harness, turns

GIANT = "1@giant.test"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The dispatcher's clock, which stands until the test sets it."""
    now = [1000.0]
    monkeypatch.setattr(dispatcher_module, "_now", lambda: now[0])
    return now


def known(harness: Harness, *hosts: str) -> None:
    for host in hosts:
        for _ in range(UNKNOWN):
            harness.pace_of(host, 0.1)


async def test_an_event_of_another_shop_gets_the_next_slot_that_is_free(clock: list[float]) -> None:
    harness = Harness(slots=8)
    known(harness, "giant.test", "quiet.test")
    for offset in range(100):
        harness.submit(offset, host=GIANT)
    harness.submit(100, host="2@quiet.test")
    await turns()
    assert ("bulk", 0, 100) not in harness.started
    await harness.finish(0)
    assert ("bulk", 0, 100) in harness.started


async def test_express_gets_half_of_the_slots_however_long_the_queue_of_bulk_is(clock: list[float]) -> None:
    harness = Harness(slots=8)
    for offset in range(100):
        harness.submit(offset, host=f"{offset}@")
    for offset in range(100):
        harness.submit(offset, topic="express", host=f"{1000 + offset}@")
    for offset in range(8):
        await harness.finish(offset)
    running = Counter(topic for (topic, _, _), future in harness.started.items() if not future.done())
    assert running == {"bulk": 3, "express": 5}


async def test_what_was_republished_holds_a_fifth_of_the_slots_while_others_wait(clock: list[float]) -> None:
    harness = Harness(slots=10)
    harness.handler.origin = "repair"
    for offset in range(50):
        harness.submit(offset, host=f"{offset}@")
    harness.handler.origin = None
    for offset in range(50, 100):
        harness.submit(offset, host=f"{offset}@")
    for offset in range(10):
        await harness.finish(offset)
    assert sum(offset < 50 for (_, _, offset), future in harness.started.items() if not future.done()) == 2


async def test_a_shop_that_fills_the_read_ahead_gives_way_to_what_may_be_behind_it(clock: list[float]) -> None:
    harness = Harness(slots=2, ahead=100, per_partition=50)
    known(harness, "giant.test", "quiet.test")
    for offset in range(90):
        harness.submit(offset, partition=offset % 3, host=GIANT)
    for offset in range(90, 100):
        harness.submit(offset, partition=offset % 3, host="2@quiet.test")
    await turns()
    assert harness.control.paused, "nothing behind them is read"
    await harness.dispatcher.run_pass()
    await turns()
    assert len(harness.handler.deferred_for) == 48, "of those that wait, half of the read-ahead stays"
    assert max(harness.handler.deferred_for) < 90, "the shop that fills it gives way, the other does not"
    assert min(harness.handler.deferred_for) >= 42, "the youngest first"
    for offset in range(42):
        if ("bulk", offset % 3, offset) in harness.started:
            await harness.finish(offset, partition=offset % 3)
    assert harness.failures == []


async def test_one_full_partition_gives_way_though_the_topic_is_not_full(clock: list[float]) -> None:
    harness = Harness(slots=2, ahead=1000, per_partition=50)
    known(harness, "giant.test")
    for offset in range(60):
        harness.submit(offset, host=GIANT)
    await turns()
    await harness.dispatcher.run_pass()
    await turns()
    assert set(harness.handler.deferred_for) == set(range(27, 60))


async def test_nothing_is_deferred_while_everything_can_be_read(clock: list[float]) -> None:
    harness = Harness(slots=8)
    known(harness, "giant.test")
    for offset in range(300):
        harness.submit(offset, partition=offset % 3, host=GIANT)
    await turns()
    await harness.dispatcher.run_pass()
    await turns()
    assert harness.handler.deferred_for == {}


async def test_an_event_that_is_returned_keeps_its_place(clock: list[float]) -> None:
    harness = Harness(slots=1)
    for offset in range(3):
        harness.submit(offset)
    harness.may_start = False
    await harness.finish(0, end=Handled.RETURNED)
    del harness.started["bulk", 0, 0]
    harness.may_start = True
    await harness.dispatcher.run_pass()
    await turns()
    assert [key[2] for key in harness.started] == [0]


async def test_a_paused_shop_holds_up_no_acknowledgement_and_no_watchdog(clock: list[float]) -> None:
    harness = Harness(slots=8, per_partition=50)
    harness.limits[1] = ShopLimits(paused=True)
    harness.submit(0, host=GIANT)
    for offset in range(1, 60):
        harness.submit(offset, host=f"{offset + 1}@")
    for offset in range(1, 60):
        await harness.finish(offset)
    assert ("bulk", 0, 0) not in harness.started
    assert harness.stream.acked == []
    await harness.dispatcher.run_pass()
    await turns()
    assert set(harness.handler.deferred_for) == {0}
    assert len(harness.stream.acked) == 60, "and nobody waits behind it"
    assert harness.dispatcher.unfinished == 0


@pytest.mark.parametrize(("per_second", "stays"), [(0.004, 0), (2.0, 20)])
async def test_a_capped_shop_keeps_what_it_may_start_soon_and_the_rest_comes_back_at_its_rate(
    clock: list[float], per_second: float, stays: int
) -> None:
    harness = Harness(slots=8)
    known(harness, "giant.test")
    harness.limits[1] = ShopLimits(per_second=per_second)
    for offset in range(100):
        harness.submit(offset, host=GIANT)
    await turns()
    started = len(harness.started)
    await harness.dispatcher.run_pass()
    await turns()
    assert len(harness.handler.deferred_for) == 100 - started - stays
    delays = sorted(harness.handler.deferred_for.values())
    assert delays[-1] == pytest.approx(SOON + len(delays) / per_second)


async def test_a_republish_gives_way_to_what_shops_sent_in_the_same_topic(clock: list[float]) -> None:
    harness = Harness(slots=4, ahead=200, per_partition=500)
    harness.handler.origin = "repair"
    for offset in range(180):
        harness.submit(offset, partition=offset % 3, host="9@repaired.test")
    harness.handler.origin = None
    for offset in range(180, 200):
        harness.submit(offset, partition=offset % 3, host=f"{offset}@h{offset % 7}.test")
    await turns()
    await harness.dispatcher.run_pass()
    await turns()
    assert harness.handler.deferred_for
    assert max(harness.handler.deferred_for) < 180, "the largest queue gives way, whichever share it is of"
