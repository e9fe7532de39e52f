"""`shop-images resume`: resumes workers that their internal error breaker has stopped."""

from dataclasses import dataclass

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.workers import lift_stops


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
