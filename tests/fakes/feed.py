"""The feed in memory, under the contract that the real table keeps."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.operators.access import Shops
from faust_app.core.results.feed import FeedEnd, FeedPage
from faust_app.core.results.result import Positioned
from tests.factories import NOW

INSTALLATION = "f" * 32


@dataclass
class FakeFeed:
    """Implements `FeedRows`; results are added by `tell`."""

    rows: list[Positioned] = field(default_factory=list)
    reached: FeedEnd = field(default_factory=lambda: FeedEnd(INSTALLATION, 0, 0))
    window: int = 20_000
    is_unavailable: bool = False
    reads: int = 0
    skipped: int = 0
    """Positions that are left out before the next result, as the clock leaves them out."""

    def tell(self, shop_no: int | None, image_id: bytes | None = b"a", body: str = '{"kind":"stored"}', at: datetime = NOW) -> int:
        """Add a result at the next position, and return the position."""
        position = self.reached.last + 1 + self.skipped
        self.skipped = 0
        self.rows.append(Positioned(position, at, shop_no, image_id, body))
        self.reached = replace(self.reached, last=position)
        return position

    def drop(self, through: int) -> None:
        """Forget the results up to a position."""
        self.rows = [row for row in self.rows if row.position > through]
        self.reached = replace(self.reached, dropped=through)

    def restore(self, last: int) -> None:
        """Go back to a backup whose newest result has this position; the next result is far above all that were told."""
        self.rows = [row for row in self.rows if row.position <= last]
        self.skipped = self.reached.last + 10 - last
        self.reached = replace(self.reached, last=last)

    async def end(self) -> FeedEnd:
        self._count()
        return self.reached

    async def page(self, after: int, shops: Shops, limit: int) -> FeedPage:
        self._count()
        behind = [row for row in self.rows if row.position > after]
        windowed = shops is not None and len(shops) != 1 and len(behind) >= self.window
        known = any(row.position == after for row in self.rows)
        seen = behind[: self.window] if windowed else behind
        found = [row for row in seen if shops is None or row.shop_no in shops]
        if len(found) > limit:
            return FeedPage(found[:limit], found[limit - 1].position, more=True, end=self.reached, is_known=known)
        through = seen[-1].position if windowed else self.reached.last
        return FeedPage(found, through, more=windowed, end=self.reached, is_known=known)

    async def shops_between(self, after: int, until: int) -> frozenset[int | None] | None:
        self._count()
        found = [row.shop_no for row in self.rows if after < row.position <= until]
        return None if len(found) >= self.window else frozenset(found)

    def _count(self) -> None:
        self.reads += 1
        if self.is_unavailable:
            raise Unavailable(Dependency.DATABASE, "The database is unavailable.")
