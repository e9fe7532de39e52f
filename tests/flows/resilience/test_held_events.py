"""A release is known to the one that waits for it, also when it came before, and several at once count once."""

import asyncio

from faust_app.flows.resilience.held_events import HeldEvents


async def test_a_release_before_the_wait_counts_and_several_count_once() -> None:
    held = HeldEvents(int)
    held.release()
    held.release()
    await asyncio.wait_for(held.released(), 1)
    again = asyncio.create_task(held.released())
    await asyncio.sleep(0)
    assert not again.done()
    held.release()
    await again


def test_events_are_counted_when_they_are_asked_for() -> None:
    events = [1, 2]
    held = HeldEvents(lambda: len(events))
    events.append(3)
    assert held.count == 3
