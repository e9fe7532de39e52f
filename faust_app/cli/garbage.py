"""`shop-images garbage`: what waits to be deleted from the bucket, and the leave to delete more than usual."""

from dataclasses import dataclass
from datetime import datetime

from faust_app.adapters.collector_row import MariaCollectorRow
from faust_app.adapters.database import Database
from faust_app.adapters.garbage_repository import MariaGarbageRepository
from faust_app.core.collection import GarbageCounts, most_of_a_pass


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What is listed and due, and what a pass may have without leave."""

    counts: GarbageCounts
    most: int
    allowed: datetime | None
    """When leave was given, by this call."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "listed": self.counts.listed,
            "due": self.counts.due,
            "most_of_a_pass": self.most,
            "shops": [{"shop_no": shop_no, "due": count} for shop_no, count in self.counts.shops],
            "allowed_before": None if self.allowed is None else f"{self.allowed.isoformat()}Z",
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        rest = f"a pass deletes up to {self.most:,} without anybody's leave"
        if self.allowed is not None:
            rest = "all that is due is deleted by the next passes"
        elif self.counts.due > self.most:
            rest += "; if this is meant, `shop-images garbage --delete-anyway`"
        shops = [f"  shop {shop_no}: {count:,} due" for shop_no, count in self.counts.shops]
        return [f"{self.counts.listed:,} entries listed, {self.counts.due:,} due", *shops, rest]


async def garbage(database: Database, *, delete_anyway: bool) -> GarbageReport:
    """Count the garbage; with `delete_anyway` everything due by now may be deleted. Raises Unavailable."""
    collector = MariaCollectorRow(database)
    allowed = await collector.allow_what_is_due() if delete_anyway else None
    counts = await MariaGarbageRepository(database).counts()
    return GarbageReport(counts, most_of_a_pass(await collector.images_about()), allowed)
