"""The product's own scheduler, in the scenarios of others."""

from bench.fairness.published import Item
from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.workload import Ticket

_MS = 1000


class ShopsInTurn:
    """The scheduler of a worker with so many slots; all work is bulk, from sources without a limit."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._scheduler = Scheduler[Item](SourcePace(slots))
        self._tickets: dict[Item, Ticket[Item]] = {}
        self._shops: dict[str, int] = {}

    def add(self, shop: str, item: Item, now: int) -> None:
        """Accept an item."""
        number = self._shops.setdefault(shop, len(self._shops) + 1)
        self._scheduler.add(Share.BULK, (number, ""), item, now / _MS)

    def next(self, now: int) -> Item | None:
        """Return the item that starts now, None where no item may."""
        ticket = self._scheduler.next(now / _MS, self._slots)
        if ticket is None:
            return None
        self._tickets[ticket.item] = ticket
        return ticket.item

    def done(self, item: Item, now: int) -> None:
        """Free the slot of an item that has ended."""
        self._scheduler.ended(self._tickets.pop(item), now / _MS)
