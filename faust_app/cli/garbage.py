"""`shop-images garbage`: what waits to be deleted from the bucket, and the leave to delete more than usual."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from faust_app.adapters.collector_row import MariaCollectorRow
from faust_app.adapters.database import Database
from faust_app.core.collection import most_of_a_pass

_COUNTS: Final = "SELECT COUNT(*), COALESCE(SUM(due_at <= UTC_TIMESTAMP(6)), 0) FROM garbage"
_SHOPS: Final = (
    "SELECT shop_no, COUNT(*) FROM garbage WHERE due_at <= UTC_TIMESTAMP(6) GROUP BY shop_no ORDER BY COUNT(*) DESC, shop_no LIMIT 10"
)


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """Entries that are listed and due, the shops with most that is due, and what a pass may have without leave."""

    listed: int
    due: int
    shops: list[tuple[int, int]]
    most: int
    allowed: datetime | None
    """When leave was given, by this call."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "listed": self.listed,
            "due": self.due,
            "most_of_a_pass": self.most,
            "shops": [{"shop_no": shop_no, "due": count} for shop_no, count in self.shops],
            "allowed_before": None if self.allowed is None else f"{self.allowed.isoformat()}Z",
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        rest = f"a pass deletes up to {self.most:,} without anybody's leave"
        if self.allowed is not None:
            rest = "all that is due is deleted by the next pass"
        elif self.due > self.most:
            rest += "; if this is meant, `shop-images garbage --delete-anyway`"
        shops = [f"  shop {shop_no}: {count:,} due" for shop_no, count in self.shops]
        return [f"{self.listed:,} entries listed, {self.due:,} due", *shops, rest]


async def garbage(database: Database, *, delete_anyway: bool) -> GarbageReport:
    """Count the garbage; with `delete_anyway` everything due by now may be deleted. Raises Unavailable."""
    collector = MariaCollectorRow(database)
    allowed = await collector.allow_what_is_due() if delete_anyway else None
    ((listed, due),) = await database.rows(_COUNTS)
    shops = [(shop_no, count) for shop_no, count in await database.rows(_SHOPS)]
    return GarbageReport(listed, int(due), shops, most_of_a_pass(await collector.images_about()), allowed)
