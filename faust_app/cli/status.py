"""`shop-images status`: counts the images by state, and the scheduled ones that are due."""

from dataclasses import dataclass
from datetime import datetime

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_queries import MariaImageCounts, StateCount
from faust_app.cli.command import Report, json_option, print_report, run, shop_number
from faust_app.core.images.row import ImageState
from faust_app.core.iso_time import iso_time
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The counts at one moment; times in UTC without a zone."""

    as_of: datetime
    shop_no: int | None
    counts: list[StateCount]
    due: int
    oldest_open: datetime | None

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object; ages in seconds."""
        by_state = {count.state: count for count in self.counts}
        return {
            "as_of": iso_time(self.as_of),
            "shop_no": self.shop_no,
            "images": {state.value: by_state[state].images if state in by_state else 0 for state in ImageState},
            "bytes": sum(count.bytes for count in self.counts),
            "due": self.due,
            "oldest_open_s": None if self.oldest_open is None else (self.as_of - self.oldest_open).total_seconds(),
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        by_state = {count.state: count for count in self.counts}
        states = [f"{state.value:<12}{by_state[state].images if state in by_state else 0:>12,}" for state in ImageState]
        waiting = f"{self.due:,} due" if self.due else "none due"
        oldest = "" if self.oldest_open is None else f"; oldest open for {(self.as_of - self.oldest_open).total_seconds():,.0f} s"
        return [*states, f"{sum(count.bytes for count in self.counts) / 1e6:,.1f} MB stored; {waiting}{oldest}"]


async def count_images(counts: MariaImageCounts, now: datetime, shop_no: int | None) -> StatusReport:
    """Count the images of all shops or of one. Raises Unavailable."""
    due, oldest_open = await counts.due(shop_no)
    return StatusReport(now, shop_no, await counts.by_state(shop_no), due, oldest_open)


@click.command("status")
@click.option("--shop", "shop_no", type=shop_number, help="Count this shop's images only.")
@json_option
@click.pass_obj
def status_command(settings: Settings, *, shop_no: int | None, as_json: bool) -> None:
    """Count the images in each state."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            now = await database.now()
            return await count_images(MariaImageCounts(database), now, shop_no)

    print_report(run(work()), as_json=as_json)
