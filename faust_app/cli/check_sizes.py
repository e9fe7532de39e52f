"""`shop-images check --sizes`: reports how large the tables are, how much they grow per day, and how long their rows are kept."""

from dataclasses import dataclass
from datetime import datetime

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.cli.command import Report, print_report, run
from faust_app.core.iso_time import iso_time
from faust_app.core.maintenance.growth import COMPARED_AFTER, TableGrowth, growth
from faust_app.core.maintenance.retention import LIMITS
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import JobRuns, TableSizes
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class SizesReport:
    """The sizes at one moment, compared with those at `since`, None before the daily job has stored any. Times are UTC."""

    as_of: datetime
    since: datetime | None
    tables: list[TableGrowth]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {
            "as_of": iso_time(self.as_of),
            "since": None if self.since is None else iso_time(self.since),
            "tables": [
                {
                    "table": table.size.table,
                    "rows": table.size.rows,
                    "bytes": table.size.bytes,
                    "rows_a_day": table.rows_a_day,
                    "bytes_a_day": table.bytes_a_day,
                    "kept": table.kept,
                }
                for table in self.tables
            ],
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        head = f"{'table':<20}{'rows':>14}{'MB':>12}{'rows a day':>14}{'MB a day':>12}  kept"
        all_bytes = sum(table.size.bytes for table in self.tables if " " not in table.size.table)
        compared = "growth is shown from the second day on" if self.since is None else f"growth since {self.since:%Y-%m-%d %H:%M} UTC"
        return [head, *map(_line, self.tables), f"{all_bytes / 1e6:,.1f} MB in all; {compared}; rows of image_history are an estimate"]


async def check_sizes(sizes: TableSizes, runs: JobRuns, clock: Clock) -> SizesReport:
    """Read the sizes, and compare them with those the daily job stored half a day ago or earlier. Raises Unavailable."""
    now = await clock.now()
    before = await runs.finished_before(LIMITS, now - COMPARED_AFTER)
    return SizesReport(now, None if before is None else before.finished, growth(await sizes.read(), now, before))


def _line(table: TableGrowth) -> str:
    rows = "" if table.rows_a_day is None else f"{table.rows_a_day:+,}"
    size = "" if table.bytes_a_day is None else f"{table.bytes_a_day / 1e6:+,.1f}"
    return f"{table.size.table:<20}{table.size.rows:>14,}{table.size.bytes / 1e6:>12,.1f}{rows:>14}{size:>12}  {table.kept}"


def run_check_sizes(settings: Settings, *, as_json: bool) -> None:
    """Print how large the tables are and how they grow."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await check_sizes(MariaTableSizes(database), MariaJobRuns(database), database)

    print_report(run(work()), as_json=as_json)
