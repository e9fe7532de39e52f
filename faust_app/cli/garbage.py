"""`shop-images garbage`: counts the objects to delete from the bucket, and allows more to be deleted than usual."""

from dataclasses import dataclass
from datetime import datetime

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.garbage import MariaCollectorRow, MariaGarbageRepository
from faust_app.cli.command import Report, json_option, print_report, run
from faust_app.core.iso_time import iso_time
from faust_app.core.maintenance.garbage import GarbageCounts, most_of_a_pass
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What is listed and due, and how many due entries a pass may have without permission."""

    counts: GarbageCounts
    most: int
    allowed: datetime | None
    """When this call gave permission, None if it did not."""

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "listed": self.counts.listed,
            "due": self.counts.due,
            "most_of_a_pass": self.most,
            "shops": [{"shop_no": shop_no, "due": count} for shop_no, count in self.counts.shops],
            "allowed_before": None if self.allowed is None else iso_time(self.allowed),
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        rest = f"nothing is deleted while more than {self.most:,} are due"
        if self.allowed is not None:
            rest = "the next passes delete all that is due"
        elif self.counts.due > self.most:
            rest += "; to delete them, run `shop-images garbage --delete-anyway`"
        shops = [f"  shop {shop_no}: {count:,} due" for shop_no, count in self.counts.shops]
        return [f"{self.counts.listed:,} entries listed, {self.counts.due:,} due", *shops, rest]


async def garbage(database: Database, *, delete_anyway: bool) -> GarbageReport:
    """Count the garbage; with `delete_anyway` allow everything due by now to be deleted. Raises Unavailable."""
    collector = MariaCollectorRow(database)
    allowed = await collector.allow_what_is_due() if delete_anyway else None
    counts = await MariaGarbageRepository(database).counts()
    return GarbageReport(counts, most_of_a_pass(await collector.images_about()), allowed)


@click.command("garbage")
@click.option("--delete-anyway", is_flag=True, help="Allow everything due by now to be deleted, however much it is.")
@json_option
@click.pass_obj
def garbage_command(settings: Settings, *, delete_anyway: bool, as_json: bool) -> None:
    """Count the objects to delete from the bucket."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await garbage(database, delete_anyway=delete_anyway)

    print_report(run(work()), as_json=as_json)
