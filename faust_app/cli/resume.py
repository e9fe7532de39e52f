"""`shop-images resume`: resumes workers that their internal error breaker has stopped."""

from dataclasses import dataclass

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.workers import lift_stops
from faust_app.cli.command import Report, json_option, print_report, run
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class ResumeReport:
    """The workers that were resumed."""

    workers: list[str]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"resumed": self.workers}

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [f"{name} resumes within seconds" for name in self.workers] or ["no worker is stopped"]


async def resume(database: Database, worker: str | None) -> ResumeReport:
    """Lift the stop of the named worker, or of all. Raises Unavailable."""
    return ResumeReport(await lift_stops(database, worker))


@click.command("resume")
@click.option("--worker", help="Name of one worker, as its /ready shows it; default: every stopped worker.")
@json_option
@click.pass_obj
def resume_command(settings: Settings, *, worker: str | None, as_json: bool) -> None:
    """Resume workers that stopped after internal errors."""

    async def work() -> Report:
        async with Database.connect(settings.database, 1) as database:
            return await resume(database, worker)

    print_report(run(work()), as_json=as_json)
