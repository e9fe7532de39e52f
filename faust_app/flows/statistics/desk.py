"""The state of the daily statistics for operators, and loads that they ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from faust_app.core.operators.audit import Actor
from faust_app.core.statistics.calendar import days_between
from faust_app.core.statistics.load import Marker
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.core.statistics.run import StatisticsRun
from faust_app.core.statistics.unavailable import StoreUnavailable
from faust_app.flows.ports.maintenance import JobRuns
from faust_app.flows.ports.statistics import StatisticsBook, StatisticsRuns, StatisticsStore
from faust_app.flows.statistics.load import StatisticsLoader
from faust_app.flows.statistics.load_range import LoadRange
from faust_app.flows.statistics.nightly import NIGHTLY

LISTED: Final = 20
NEWEST_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Night:
    """What the last finished nightly job did."""

    day: date
    finished: datetime
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StatisticsState:
    """How the statistics stand. `problem` says why the store cannot be asked; then nothing is known of its days."""

    span: tuple[date, date] | None
    newest: Sequence[Marker]
    """The newest loaded days, newest first."""
    missing: Sequence[date]
    """Days that could be loaded and are not, newest first."""
    closed: Sequence[ClosedMonth]
    corrections: Sequence[Correction]
    runs: Sequence[StatisticsRun]
    night: Night | None
    problem: str | None = None

    @property
    def waiting(self) -> Sequence[Correction]:
        """Corrections that wait for a decision."""
        return [each for each in self.corrections if not each.applied]


class StatisticsDesk:
    """Shows the state, and takes requests for loads. Raises Unavailable."""

    def __init__(
        self, loader: StatisticsLoader, store: StatisticsStore, book: StatisticsBook, *, runs: StatisticsRuns, jobs: JobRuns
    ) -> None:
        self._loader = loader
        self._store = store
        self._book = book
        self._runs = runs
        self._jobs = jobs

    async def state(self) -> StatisticsState:
        """Return how the statistics stand."""
        span, last = await self._loader.loadable(), await self._jobs.last(NIGHTLY)
        night = None if last is None else Night(last.day, last.finished, last.result)
        newest: list[Marker] = []
        missing: list[date] = []
        problem = None
        try:
            manifest = await self._store.manifest()
            newest = sorted(manifest.values(), key=lambda marker: marker.day, reverse=True)[:NEWEST_DAYS]
            missing = [day for day in reversed(days_between(*span)) if day not in manifest] if span is not None else []
        except StoreUnavailable as failure:
            problem = str(failure)
        return StatisticsState(
            span,
            newest,
            missing,
            list(reversed(await self._book.closed())),
            await self._book.corrections(date.min),
            await self._runs.recent(LISTED),
            night,
            problem,
        )

    async def ask(self, first: date | None, last: date | None, reason: str | None, actor: Actor) -> int:
        """Ask for a load of these days, and return its number; the process `stats` begins it within seconds. Raises RangeError."""
        days = await LoadRange(self._loader).days(first, last)
        return await self._runs.ask(days[-1], days[0], reason, actor)
