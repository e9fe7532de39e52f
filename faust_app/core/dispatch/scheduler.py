"""Decides which event a worker starts next: shares of the slots, then shops in turns, then the hosts of a shop.

What it promises: an event that is the only one of its shop, and has been read, starts within `L + N x Q / S` seconds, however
much others want. L is the longest service under way, N the number of shops with an event that may start, S the slots that the
share can count on, and Q what a shop may use in one turn: its quantum and what it saved, less than one event.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from faust_app.core.dispatch.pace.deferral_clock import LONGEST_WAIT, room_of_each
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.rates import ShopRates
from faust_app.core.dispatch.shares import Share, most_of_a_shop, shares_in_turn
from faust_app.core.dispatch.shop_controls import ShopLimits
from faust_app.core.dispatch.turns.turns import QUANTUM
from faust_app.core.dispatch.usage import Usage
from faust_app.core.dispatch.workload import Ticket, Workload
from faust_app.core.sources.health import Source

_ASKED_AGAIN: Final = 8
"""Hosts that are asked again when an event ends, of those that share slots with others like them; all are asked each second."""
HELD_BACK_SECONDS: Final = 3600.0
"""How long an event of a paused shop is deferred; once the shop is resumed, its events are released before that."""

T = TypeVar("T")


def never_paused(_share: Share) -> bool:
    """Return False: no share is paused."""
    return False


class Scheduler(Generic[T]):
    """Chooses among the events of `workload`. Times are seconds of a clock that never goes back.

    Without `fair` it serves shares and shops round robin, whatever they cost.
    """

    def __init__(self, pace: SourcePace, *, fair: bool = True) -> None:
        self.pace = pace
        self.usage = Usage()
        self.workload = Workload[T](pace, QUANTUM if fair else 0.0)
        self._turns = self.workload.turns
        self._rates = ShopRates()
        self._limits: Callable[[int], ShopLimits] = pace.limits
        self._blocked: dict[Source, None] = {}
        """Sources with an event that had to wait for its own host, or for an operator."""
        self._fair = fair
        self._last = Share.BULK

    def add(self, share: Share, source: Source, item: T, now: float) -> None:
        """Queue an event that was read."""
        alone = not self.workload.has_events_of(source[0])
        ticket = Ticket(share, source, item, now, alone, self.workload.bound(share, now) if alone else 0.0)
        self._turns[share].push(source, ticket)
        self.pace.arrived(source)

    def put_back(self, ticket: Ticket[T]) -> None:
        """Queue an event again, before the others of its source."""
        ticket.alone = False
        self._turns[ticket.share].push(ticket.source, ticket, front=True)
        self.pace.arrived(ticket.source)

    def next(self, now: float, slots: int, is_paused: Callable[[Share], bool] = never_paused) -> Ticket[T] | None:
        """Return the event that takes the next of so many slots, and count it as running; None if none may start.

        First a shop is kept to its part of the slots; what nobody else wants then goes to whoever waits.
        """
        self.pace.bounds.slots = slots
        if len(self.workload.running) >= slots:
            return None
        waiting = [share for share, turns in self._turns.items() if turns.ready_shops and not is_paused(share)]
        if not waiting:
            return None
        order = waiting if len(waiting) < 2 else [share for share in self._in_turn(slots) if share in waiting]  # noqa: PLR2004 - one needs no order
        for most in self._most_in_turn(slots, waiting):
            for share in order:
                taken = self._turns[share].take(
                    lambda shop, most=most: self._may_hold_more(shop, most),  # type: ignore[misc]
                    lambda source: self._may_start(source, now),
                    lambda source, share=share: self.workload.seconds_of(share, source),  # type: ignore[misc]
                    lambda host: not self.pace.bounds.host_has_room(host, now),
                )
                if taken is not None:
                    return self._start(taken[1], now)
        return None

    def ended(self, ticket: Ticket[T], now: float) -> None:
        """Free the slot of an event, and charge its shop for what it really took."""
        took = now - ticket.since
        self.workload.ended(ticket, took)
        self._turns[ticket.share].charge(ticket.source[0], took - ticket.charged)
        self.pace.served(ticket.source, took)
        self.usage.ended(ticket.source[0], took, now)
        self.pace.ended(ticket.source, ticket.since, stored=ticket.storing)
        self._ask_sources_of(ticket.source[1], now)
        for turns in self._turns.values():
            turns.ended(ticket.source)
        if self.pace.bounds.was_refused():  # many hosts hold what they may together: asking thousands for one slot would take the loop
            for turns in self._turns.values():
                turns.some_freed(_ASKED_AGAIN)

    def fetched(self, ticket: Ticket[T], now: float) -> None:
        """Record that a running event has fetched: its host may serve another, though the event still holds its slot."""
        if not ticket.storing:  # an event whose row changed meanwhile fetches once more
            ticket.storing = True
            self.pace.storing(ticket.source)
        self._ask_sources_of(ticket.source[1], now)

    def _ask_sources_of(self, host: str, now: float) -> None:
        """Give the sources of a host their turns again, unless it still fetches as many at once as it serves."""
        waiting = [turns for turns in self._turns.values() if turns.is_wanted(host)]  # the shares use the same host
        if waiting and not self.pace.bounds.refuses_more(host, now):
            for turns in waiting:
                turns.freed(host)

    def tick(self, now: float) -> None:
        """Charge shops for events that run longer than they were charged for, and judge what hosts serve; call it every second."""
        self.pace.tick(now)
        self.pace.deferrals.end_pauses(lambda shop: self._limits(shop).paused)
        self._rates.forget_past(now)
        self.workload.measure_again()
        for ticket in self.workload.running:
            over = now - ticket.since - ticket.charged
            if over > 0:
                ticket.charged += over
                self._turns[ticket.share].charge(ticket.source[0], over)

    def surplus(self, shares: Sequence[Share], now: float, crowd: int) -> list[tuple[Share, Source, int]]:
        """Return the sources of the shares whose youngest events are to be deferred, and how many of each.

        `crowd` is how many events must go so that what is behind them can be read: the largest queues give way to that. Of a
        source that works one event stays; of a shop that an operator holds back none needs to.
        """
        queued = [(share, source, count) for share in shares for source, count in self._turns[share].queued_by_source()]
        counts = [count for _, _, count in queued]
        each = room_of_each(counts, max(0, sum(counts) - crowd)) if crowd > 0 else math.inf
        found = ((share, source, self._surplus(source, count, each, now)) for share, source, count in queued)
        return [(share, source, surplus) for share, source, surplus in found if surplus > 0]

    def defer(self, source: Source, now: float) -> float:
        """Return for how many seconds the youngest event of the source is deferred."""
        if self._limits(source[0]).paused:
            self.pace.deferrals.defer_for_pause(source, now + HELD_BACK_SECONDS)
            return HELD_BACK_SECONDS
        return self.pace.deferrals.defer(source, now)

    def held_up(self) -> None:
        """Record that nothing may start: what waits for that says nothing of fair shares."""
        for turns in self._turns.values():
            for ticket in turns.items():
                ticket.alone = False

    def take_youngest(self, share: Share, source: Source) -> Ticket[T] | None:
        """Remove and return the youngest event of a source; the only one as well if an operator holds its shop back."""
        ticket = self._turns[share].take_youngest(source, the_last=self._is_held_back(source[0]))
        if ticket is not None:
            self.pace.left(source)
            if not self.pace.accounts.source(source).queued:
                self._blocked.pop(source, None)
        return ticket

    def all_freed(self) -> None:
        """Give every source its turn again."""
        for turns in self._turns.values():
            turns.all_freed()

    def clear(self) -> list[Ticket[T]]:
        """Drop and return what waits."""
        dropped = [ticket for turns in self._turns.values() for ticket in turns.items()]
        for ticket in dropped:
            self.pace.left(ticket.source)
        for turns in self._turns.values():
            turns.clear()
        self._blocked.clear()
        return dropped

    def may_start_by_rate(self, shop: int, now: float) -> bool:
        """Return whether the shop's images a minute allow one more now."""
        cap = self._limits(shop).per_second
        return cap is None or self._rates.may_start(shop, cap, now)

    def _in_turn(self, slots: int) -> Iterable[Share]:
        if self._fair:
            return shares_in_turn(self.workload.running_by_share, slots)
        shares = list(Share)
        after = shares.index(self._last) + 1
        return shares[after:] + shares[:after]

    def _most_in_turn(self, slots: int, waiting: Sequence[Share]) -> tuple[int, ...]:
        """Return how many slots a shop may hold: first while others want any, then if none does. A lone shop needs no first pass."""
        alone = len(waiting) == 1 and self._turns[waiting[0]].has_one_shop
        return (most_of_a_shop(slots), slots) if self._fair and not alone else (slots,)

    def _may_hold_more(self, shop: int, most: int) -> bool:
        """Return whether the shop may hold one more slot: by its part of them, and by an operator's cap."""
        held = self.workload.running_by_shop.get(shop, 0)
        cap = self._limits(shop).slots
        return held < (most if cap is None else min(most, cap))

    def _may_start(self, source: Source, now: float) -> bool:
        """Return whether an event of the source may start: no operator holds its shop back, and its host has room."""
        limits = self._limits(source[0])
        is_held = limits.paused or (limits.per_second is not None and not self._rates.may_start(source[0], limits.per_second, now))
        if not is_held and self.pace.bounds.has_slot(source, now):
            return True
        self._blocked[source] = None
        return False

    def _surplus(self, source: Source, queued: int, each: float, now: float) -> int:
        limits = self._limits(source[0])
        if limits.paused:
            return queued  # it would hold up the acknowledgements of others for as long as the pause
        if limits.per_second is not None:
            each = min(each, LONGEST_WAIT * limits.per_second)
        least = 0 if self._is_held_back(source[0]) else 1
        return min(queued - least, self.pace.deferrals.surplus(source, now, each, least=least))

    def _is_held_back(self, shop: int) -> bool:
        """Return whether an operator lets events of the shop wait for longer than any may wait here."""
        limits = self._limits(shop)
        return limits.paused or (limits.per_second is not None and limits.per_second * LONGEST_WAIT < 1)

    def _start(self, ticket: Ticket[T], now: float) -> Ticket[T]:
        if ticket.source in self._blocked:
            del self._blocked[ticket.source]
            ticket.alone = False
        ticket.since, ticket.charged, ticket.storing = now, self.workload.seconds_of(ticket.share, ticket.source), False
        self._last = ticket.share
        self.workload.started(ticket)
        self.pace.started(ticket.source, now)
        self.usage.started(ticket.share.value, ticket.source[0], now - ticket.came, ticket.bound if ticket.alone else None, now)
        per_second = self._limits(ticket.source[0]).per_second
        if per_second is not None:
            self._rates.started(ticket.source[0], per_second, now)
        return ticket
