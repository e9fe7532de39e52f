"""What the reports need: figures by day, and the lines they count."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.core.statistics.report import PlatformDays, ShopDays


class Reports(Protocol):
    """Figures by day, from wherever they are to be had.

    Days that no source can give are MISSING: never zeros, never an error. Raises Unavailable only when nothing at all is known.
    """

    async def shop_days(self, shop_no: int, first: date, last: date) -> ShopDays:
        """Return a shop's days, `first` and `last` included; neither is in the future, and both lie within 13 months."""
        ...

    async def platform_days(self, first: date, last: date, top: int) -> PlatformDays:
        """Return the days of all shops together, and the `top` shops by images stored."""
        ...

    async def refresh(self, shop_no: int) -> None:
        """Forget what is cached of a shop: its next report is read anew."""
        ...


class Ledger(Protocol):
    """The lines that a shop's figures count. Raises Unavailable."""

    async def entries(self, shop_no: int, first: date, last: date, kind: Kind, *, after: int | None, limit: int) -> Sequence[LedgerEntry]:
        """Return the lines of a kind from the days `first` to `last`, newest first, from behind the cursor `after` on."""
        ...
