"""A shop that is all that waits is asked once for each slot, and starts what it would if it were first kept to its part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.core.dispatch.turns.turns import Turns
from faust_app.core.dispatch.workload import Ticket

HOSTS = {"narrow": 2, "wide": 5, "third": 3}
CAPPED = 1
Move = tuple[Share, int, str, int] | int
"""What arrives (share, shop, host, how many events), or which running event ends; EVERY_SECOND is the pass of each second."""
EVERY_SECOND = 8
ARRIVALS = st.tuples(st.sampled_from([Share.BULK, Share.RETRY]), st.integers(1, 4), st.sampled_from(sorted(HOSTS)), st.integers(1, 12))


def started_of(moves: list[Move]) -> list[int]:
    """Queue what arrives, start what may start after each move, and end the running event that a number chooses; return what started."""
    pace = SourcePace(8, HOSTS, limits=lambda shop: ShopLimits(slots=3 if shop == CAPPED else None))
    scheduler, started, running = Scheduler[int](pace), list[int](), list[Ticket[int]]()
    for host in HOSTS:
        pace.answered(host)
    for now, move in enumerate(moves):
        if isinstance(move, tuple):
            share, shop, host, count = move
            for number in range(count):
                scheduler.add(share, (shop, host), 100 * now + number, now)
        elif move == EVERY_SECOND:
            scheduler.all_freed()
            scheduler.tick(now)
        elif running:
            ticket = running.pop(move % len(running))
            pace.fetched(ticket.source, ticket.since, now)
            scheduler.fetched(ticket, now)
            scheduler.ended(ticket, now)
        while (next_one := scheduler.next(now, 8, lambda share, now=now: share is Share.RETRY and now % 10 < 3)) is not None:  # type: ignore[misc]
            pace.fetching(next_one.source, now)
            running.append(next_one)
            started.append(next_one.item)
    return started


@given(st.lists(ARRIVALS | st.integers(0, EVERY_SECOND), max_size=60))
def test_a_lone_shop_starts_what_it_would_if_it_were_first_kept_to_its_part(moves: list[Move]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turns, "has_one_shop", property(lambda _: False))
        in_two_passes = started_of(moves)
    assert started_of(moves) == in_two_passes
