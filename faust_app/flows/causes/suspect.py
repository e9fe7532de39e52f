"""Watches how a new release changes what fails: opens a platform fault for each code that is suspected to be ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.causes.suspicion import (
    BEFORE,
    OUTCOMES_BEFORE,
    RECENT,
    Comparison,
    Outcomes,
    Release,
    Suspicion,
    describe,
    found,
    newest,
    over,
)  # fmt: skip
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.causes import OutcomeCounts, Suspicions
from faust_app.flows.ports.clock import Clock

log = structlog.get_logger()


MEASURED_EVERY: Final = timedelta(minutes=10)
"""How long the outcomes of earlier releases are kept in memory."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """The outcomes of some releases as they were at a time."""

    releases: tuple[str, ...]
    at: datetime
    outcomes: Outcomes


class SuspectReleases:
    """Compares the newest release with those before it, and reports suspicions until a person decides or they end.

    Risk: a suspicion that is wrong keeps the shops' own failures out of their digests until somebody says so. Two passes at once
    are harmless: they write the same.
    """

    def __init__(self, counts: OutcomeCounts, suspicions: Suspicions, alerts: Alerts, *, clock: Clock) -> None:
        self._counts = counts
        self._suspicions = suspicions
        self._alerts = alerts
        self._clock = clock
        self._reported: set[str] = set()
        self._measured: _Measured | None = None

    async def run_pass(self) -> int:
        """Find and end suspicions; return how many are open. Raises Unavailable."""
        now = await self._clock.now()
        releases, known = await self._counts.releases(now - BEFORE), await self._suspicions.known()
        release = newest(releases, now)
        comparison = None if release is None else await self._compare(release, releases, known, now)
        fresh = [] if comparison is None else found(comparison, known, now)
        await self._suspicions.add(fresh)
        await self._suspicions.end(over(known, releases, comparison, now), now)
        for each in fresh:
            log.warning("release suspected", code=each.code, release=each.release, hosts=each.rise.hosts, images=each.rise.images)
        return self._report([each for each in await self._suspicions.known() if each.is_open])

    def stand_down(self) -> None:
        """Close the faults this process reported: another process compares now."""
        self._report([])

    async def _compare(self, release: Release, releases: list[Release], known: list[Suspicion], now: datetime) -> Comparison:
        # A release that was suspected itself is no measure for the one that follows it.
        suspected = {each.release for each in known if each.takes_the_blame}
        before = tuple(sorted(each.name for each in releases if each.name != release.name and each.name not in suspected))
        return Comparison(release, await self._measure(before, now), await self._counts.of([release.name], now - RECENT))

    async def _measure(self, releases: tuple[str, ...], now: datetime) -> Outcomes:
        """Return the outcomes of earlier releases: two days of them, which change little, and so are read now and then only."""
        kept = self._measured
        if kept is None or kept.releases != releases or now - kept.at >= MEASURED_EVERY:
            kept = _Measured(releases, now, await self._counts.of(releases, now - BEFORE))
            # While too little is known every outcome counts.
            self._measured = kept if kept.outcomes.total >= OUTCOMES_BEFORE else None
        return kept.outcomes

    def _report(self, standing: list[Suspicion]) -> int:
        for each in standing:
            self._alerts.open(FaultKind.SUSPECTED_OURS, subject=each.code, detail=describe(each))
        codes = {each.code for each in standing}
        for code in self._reported - codes:
            self._alerts.close(FaultKind.SUSPECTED_OURS, subject=code)
        self._reported = codes
        return len(standing)
