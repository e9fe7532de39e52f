"""`shop-images resume`: workers that stopped after errors of ours take work again."""

from dataclasses import dataclass

from faust_app.adapters.database import Database
from faust_app.adapters.worker_register import lift_stops


@dataclass(frozen=True, slots=True)
class ResumeReport:
    """Which workers were let go on."""

    workers: list[str]

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"resumed": self.workers}

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [f"{name} takes work again within seconds" for name in self.workers] or ["no worker is stopped"]


async def resume(database: Database, worker: str | None) -> ResumeReport:
    """Lift the stop of the named worker, or of all. Raises Unavailable."""
    return ResumeReport(await lift_stops(database, worker))
