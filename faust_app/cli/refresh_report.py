"""`shop-images refresh-report`: has the next report of a shop read from the store instead of the cache."""

from dataclasses import dataclass

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.cli.command import json_option, print_report, run, shop_number
from faust_app.settings import Settings
from faust_app.wiring.statistics import open_cache, open_store, read_reports


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """Whose report is read anew, and whether there is a cache at all."""

    shop_no: int
    cached: bool

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"shop_no": self.shop_no, "cached": self.cached}

    def lines(self) -> list[str]:
        """Return the report for people."""
        if not self.cached:
            return ["REDIS_URL is not set: reports are not cached"]
        return [f"the next report of shop {self.shop_no} is read from the store"]


@click.command("refresh-report")
@click.option("--shop", "shop_no", type=shop_number, required=True, help="The shop's number.")
@json_option
@click.pass_context
def refresh_report_command(context: click.Context, *, shop_no: int, as_json: bool) -> None:
    """Forget what the cache keeps of a shop's report. Not needed after a load: the cache keeps each load under a key of its own."""
    print_report(run(_refresh(context.obj, shop_no)), as_json=as_json)


async def _refresh(settings: Settings, shop_no: int) -> RefreshReport:
    async with (
        Database.connect(settings.database, 2) as database,
        open_store(settings, database, for_reports=True) as store,
        open_cache(settings) as cache,
    ):
        await read_reports(settings, database, store, cache).refresh(shop_no)
        return RefreshReport(shop_no, cache is not None)
