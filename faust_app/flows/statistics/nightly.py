"""The nightly job of the statistics: loads what is missing, counts the last days again, closes months, and cleans up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.maintenance.jobs import FinishedRun, RunResult
from faust_app.core.statistics.calendar import day_of, days_between, first_kept, is_closed_on, month_days, months_between
from faust_app.core.statistics.load import VERIFIED_DAYS, Loaded, Manifest, Totals, firsts_after
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.statistics import DailyCounts, StatisticsBook, StatisticsStore
from faust_app.flows.statistics.load import GRACE_OF_READERS, DayLoad, StatisticsLoader

log = structlog.get_logger()

NIGHTLY: Final = "statistics"
"""The name of the daily job."""
NAMED: Final = 3
"""Days that an alert names."""


@dataclass(slots=True)
class NightlyFindings:
    """What one night did and found."""

    loaded: list[date] = field(default_factory=list)
    changed: list[DayLoad] = field(default_factory=list)
    """Days of open months whose figures changed after they were loaded; they were loaded again."""
    listed: list[DayLoad] = field(default_factory=list)
    """Days of closed months that differ: an operator decides."""
    closed: list[int] = field(default_factory=list)
    collected: int = 0
    dropped: list[date] = field(default_factory=list)
    bytes_by_history: int = 0
    bytes_by_rows: int = 0

    def take(self, load: DayLoad) -> None:
        """Add what became of a day that was counted again."""
        if load.outcome is Loaded.PUBLISHED:
            self.changed.append(load)
        elif load.outcome is Loaded.LISTED:
            self.listed.append(load)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as they are stored."""
        return {
            "loaded": [day.isoformat() for day in self.loaded],
            "changed": {load.day.isoformat(): load.change for load in self.changed},
            "listed": {load.day.isoformat(): load.change for load in self.listed},
            "closed": self.closed,
            "collected": self.collected,
            "dropped": [month.isoformat() for month in self.dropped],
            "bytes_by_history": self.bytes_by_history,
            "bytes_by_rows": self.bytes_by_rows,
        }


@dataclass(frozen=True, slots=True)
class Months:
    """The zone of days, and on which day after its end a month is closed."""

    zone: ZoneInfo
    close_day: int


class NightlyStatistics:
    """Runs once a night, and again from the start if it was cut short.

    Risk: none to the images; figures of open months change only to what the history says, those of closed months never.
    """

    def __init__(
        self,
        loader: StatisticsLoader,
        counts: DailyCounts,
        store: StatisticsStore,
        book: StatisticsBook,
        *,
        alerts: Alerts,
        months: Months,
        warm: Callable[[], Awaitable[None]],
    ) -> None:
        """`warm` reads the reports that are likely to be asked for, once the new figures are there."""
        self._loader = loader
        self._counts = counts
        self._store = store
        self._book = book
        self._alerts = alerts
        self._months = months
        self._warm = warm

    async def run(self, now: datetime, _last: FinishedRun | None) -> RunResult:
        """Do the night's work. Raises Unavailable, StoreUnavailable, LoadIncomplete, ZoneChanged."""
        findings = NightlyFindings()
        await self.catch_up(findings)
        await self.verify(findings, now)
        await self._close_months(findings, now)
        findings.collected = await self._store.collect(now - GRACE_OF_READERS)
        kept_from = first_kept(day_of(now, self._months.zone))
        findings.dropped = list(await self._store.drop_before(kept_from))
        await self._book.drop_before(kept_from)
        findings.bytes_by_history, findings.bytes_by_rows = await self._counts.difference_to_rows()
        await self._report(findings)
        await self._store.compact()  # people are told first: it may take long, and serves speed alone
        await self._warm()
        log.info("statistics of the night", **findings.to_json())
        return RunResult(findings.to_json())

    async def catch_up(self, findings: NightlyFindings) -> None:
        """Load the days that are not loaded, newest first."""
        await self._loader.prepare()
        tried: set[date] = set()
        while missing := [day for day in await self._loader.missing() if day not in tried]:
            for day in missing:
                load = await self._loader.load(day)
                tried.add(day)
                if load.outcome is Loaded.PUBLISHED:
                    findings.loaded.append(day)
                else:
                    findings.take(load)

    async def verify(self, findings: NightlyFindings, now: datetime) -> None:
        """Count the last days again, and load anew whatever the store does not have as it was published."""
        manifest = await self._store.manifest()
        await self._loader.settle_corrections(manifest)
        today, counted, closed = day_of(now, self._months.zone), await self._store.all_totals(), await self._book.all_closed_totals()
        for day, marker in manifest.items():
            arrived = counted.get(day, Totals())
            if not arrived.matches(marker.totals) or not closed.get(day, marker.totals).matches(marker.totals):
                log.error("the store has other figures of a day than were published; it is loaded again", day=day.isoformat())
                findings.take(await self._loader.load(day, anew=True))
        last = days_between(today - timedelta(days=VERIFIED_DAYS), today - timedelta(days=1))
        for day in {*last, *firsts_after(manifest, date.min), *await self._of_a_closed_month(today)} & manifest.keys():
            findings.take(await self._loader.load(day))

    async def _of_a_closed_month(self, today: date) -> list[date]:
        """Return the days of one closed month, another one each night: in a year every day is counted again many times."""
        closed = await self._book.closed()
        return month_days(closed[today.toordinal() % len(closed)].month) if closed else []

    async def _close_months(self, findings: NightlyFindings, now: datetime) -> None:
        """Close months that are over for long enough, each after all of its days were counted once more."""
        today, span = day_of(now, self._months.zone), await self._loader.loadable()
        if span is None:
            return
        closed = {each.month for each in await self._book.closed()}
        for month in months_between(span[0], today):
            if month in closed or not is_closed_on(month, today, self._months.close_day):
                continue
            days = [day for day in month_days(month) if day >= span[0]]
            manifest = await self._store.manifest()
            if not all(day in manifest for day in days):
                continue
            for day in days:
                findings.take(await self._loader.load(day))
            kept: Manifest = await self._store.manifest()
            number = (await self._book.close(month, {day: kept[day].totals for day in days})).number
            findings.closed.append(number)
            log.info("month of the statistics closed", month=month.isoformat(), number=number)

    async def _report(self, findings: NightlyFindings) -> None:
        """Open alerts of what a person has to know, and close those of what is well again."""
        self._say("open month", [f"{load.day}: {load.change}" for load in findings.changed])
        self._say("closed month", await self._undecided())
        off = findings.bytes_by_history - findings.bytes_by_rows
        if off:
            detail = f"The history says that {off:+,} bytes more are stored than the rows of the images do."
            self._alerts.open(FaultKind.STATISTICS_CHANGED, subject="stored bytes", detail=detail)
        else:
            self._alerts.close(FaultKind.STATISTICS_CHANGED, subject="stored bytes")

    async def _undecided(self) -> list[str]:
        """Return what differs in closed months and waits for an operator, whichever night found it."""
        corrections = [each for each in await self._book.corrections(date.min) if not each.applied]
        return [f"{each.day}: {', '.join(each.changed) or 'spread over other shops'}" for each in corrections]

    def _say(self, subject: str, changes: list[str]) -> None:
        if changes:
            more = f" and {len(changes) - NAMED} days more" if len(changes) > NAMED else ""
            named = f"{'; '.join(changes[:NAMED])}{more}"
            detail = f"Figures of {'an' if subject[0] in 'aeiou' else 'a'} {subject} changed. {named}."
            self._alerts.open(FaultKind.STATISTICS_CHANGED, subject=subject, detail=detail)
        else:
            self._alerts.close(FaultKind.STATISTICS_CHANGED, subject=subject)
