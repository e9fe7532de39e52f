"""Whether a new release fails images that would be stored without it: pure decisions from counts by release, code and host.

A code whose share of the outcomes rises much with a release, and over many hosts, is *suspected ours*: hosts do not break
together on the day of a deploy. While it is, and for good once a person confirms it, no shop is blamed for those failures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.failure_codes import FailureCode, Severity, known_code

RISE: Final = 5.0
"""The share of a code has to rise this many times: a new catalogue of one shop doubles it, a bad release does far more."""
HOSTS: Final = 20
"""The failures have to be of this many hosts: fewer can be one agency's, or one content network's."""
SET_ASIDE: Final = 3
"""The rise has to be there without the hosts that fail most, which may have broken by chance on the day of a deploy."""
IMAGES: Final = 40
"""Failures needed without those hosts: two of each, so that single dead links of twenty shops are not taken for a rise."""
OUTCOMES_BEFORE: Final = 1000
"""Outcomes of earlier releases that a share is measured by; below it the share of a rare code is unknown."""
OUTCOMES_SINCE: Final = 200
"""Outcomes of the release within RECENT that show by a lower share that a suspicion is over."""
NEW_FOR: Final = timedelta(days=1)
"""A release is new for a day: later, what changes is more likely the sources."""
BEFORE: Final = timedelta(days=2)
"""Outcomes of earlier releases are compared this far back."""
RECENT: Final = timedelta(hours=1)
"""A suspicion stands while it is found in the outcomes of the last one to two hours of the clock."""
GONE: Final = timedelta(minutes=10)
"""A release without an outcome for this long, while another has some, is no longer deployed."""
KEPT_COUNTS: Final = timedelta(days=3)
"""Counts of outcomes are kept for this long: BEFORE, and the day in which a release is new."""

CODES: Final = tuple(sorted(code.value for code in FailureCode if code.severity is Severity.SHOP))
"""The codes by which shops are blamed; the others are the platform's anyway."""


class Verdict(StrEnum):
    """What a person said about a suspicion."""

    OURS = "ours"  #: it is not the shops' fault
    SHOPS = "shops"  #: it is


@dataclass(frozen=True, slots=True)
class Release:
    """A release that wrote outcomes, when the first and the last one (UTC), and how many images ended by it."""

    name: str
    first_at: datetime
    last_at: datetime
    outcomes: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Images that ended by some releases, and by code the failures of each host."""

    total: int = 0
    failed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rise:
    """How the share of a code rose, without the hosts that fail most; `images` and `hosts` count all that failed since."""

    code: str
    before: float
    since: float
    hosts: int
    images: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One code of one release. `since` is the release's first outcome; `ended_at` is set when the release or the rise is gone."""

    code: str
    release: str
    since: datetime
    found_at: datetime
    rise: Rise
    ended_at: datetime | None = None
    verdict: Verdict | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it stands, and nobody has decided yet."""
        return self.ended_at is None and self.verdict is None

    @property
    def takes_the_blame(self) -> bool:
        """Whether shops are not blamed for what this release failed with the code, then or now."""
        return self.verdict is not Verdict.SHOPS


@dataclass(frozen=True, slots=True)
class Comparison:
    """A release that is new, and what is compared: outcomes of the releases before it, and its own of late."""

    release: Release
    before: Outcomes
    recent: Outcomes


def newest(releases: Iterable[Release], now: datetime) -> Release | None:
    """Return the release that was deployed last, while it is new and at work and another was there before it."""
    ordered = sorted(releases, key=lambda release: release.first_at)
    if len(ordered) < 2:  # noqa: PLR2004 - one to compare with the other
        return None
    release = ordered[-1]
    return release if now - release.first_at < NEW_FOR and now - release.last_at < GONE else None


def rises(before: Outcomes, recent: Outcomes) -> list[Rise]:
    """Return the codes whose share rose so much, and over so many hosts, that the release is suspected; most images first."""
    if before.total < OUTCOMES_BEFORE or not recent.total:
        return []
    found = (_rise(code, before, recent) for code in CODES)
    return sorted((rise for rise in found if rise is not None), key=lambda rise: -rise.images)


def _rise(code: str, before: Outcomes, recent: Outcomes) -> Rise | None:
    hosts = recent.failed.get(code, {})
    images, counted = sum(hosts.values()), sum(_others(hosts))
    if len(hosts) < HOSTS or counted < IMAGES:
        return None
    # One failure is assumed where there was none: a share of zero could not rise.
    was = max(sum(_others(before.failed.get(code, {}))), 1) / before.total
    now = counted / max(recent.total - (images - counted), 1)
    return Rise(code, was, now, len(hosts), images) if now >= RISE * was else None


def _others(hosts: Mapping[str, int]) -> Sequence[int]:
    return sorted(hosts.values(), reverse=True)[SET_ASIDE:]


def found(comparison: Comparison, known: Sequence[Suspicion], now: datetime) -> list[Suspicion]:
    """Return suspicions to write: those that are new, and those that had ended and are back. A decided one is not asked again."""
    of_release = {each.code: each for each in known if each.release == comparison.release.name}
    release = comparison.release
    fresh = []
    for rise in rises(comparison.before, comparison.recent):
        old = of_release.get(rise.code)
        if old is None or (old.ended_at is not None and old.verdict is None):
            fresh.append(Suspicion(rise.code, release.name, release.first_at, now, rise))
    return fresh


def over(known: Sequence[Suspicion], releases: Iterable[Release], comparison: Comparison | None, now: datetime) -> list[Suspicion]:
    """Return suspicions that ended: another release does the work now, or the share fell while images enough ended."""
    last = {release.name: release.last_at for release in releases}
    others_work = {name for name, at in last.items() if now - at < GONE}
    standing = set[str]()
    may_heal = comparison is not None and comparison.before.total >= OUTCOMES_BEFORE and comparison.recent.total >= OUTCOMES_SINCE
    if comparison is not None and may_heal:
        standing = {rise.code for rise in rises(comparison.before, comparison.recent)}
    ended = []
    for each in known:
        gone = now - last.get(each.release, datetime.min) >= GONE and bool(others_work - {each.release})  # noqa: DTZ901 - without a zone
        healed = comparison is not None and may_heal and each.release == comparison.release.name and each.code not in standing
        if each.ended_at is None and (gone or healed):
            ended.append(each)
    return ended


@dataclass(frozen=True, slots=True)
class Blame:
    """For which failures no shop is blamed: causes that people marked as ours, and codes of releases under suspicion."""

    causes: frozenset[str] = frozenset()
    suspicions: tuple[Suspicion, ...] = ()

    def is_ours(self, fingerprint: str | None, release: str | None) -> bool:
        """Return whether a failure by this cause, written by this release, is ours or suspected to be."""
        if fingerprint is None:
            return False
        code = fingerprint.partition("@")[0]
        return fingerprint in self.causes or any(
            (each.code, each.release) == (code, release) for each in self.suspicions if each.takes_the_blame
        )

    def is_ours_now(self, fingerprint: str) -> bool:
        """Return whether failures by this cause that come now are taken for ours, whatever release writes them."""
        suspicion = self.suspicion_of(fingerprint.partition("@")[0])
        return fingerprint in self.causes or (suspicion is not None and suspicion.takes_the_blame)

    def suspicion_of(self, code: str) -> Suspicion | None:
        """Return the newest suspicion of the code whose release is at work, whatever was decided of it; None without one."""
        standing = (each for each in self.suspicions if each.code == code and each.ended_at is None)
        return max(standing, key=lambda each: each.found_at, default=None)


PLATFORM_LOOKS: Final = "The platform is looking into this failure; there is nothing for you to do."
"""Instead of what a shop could do, while a failure is ours or suspected to be."""


def advice_to_shop(code: str | None, *, is_ours: bool) -> str | None:
    """Return what a shop is told about a failure, None where nothing failed or only another release knows the code."""
    known = known_code(code)
    return PLATFORM_LOOKS if code and is_ours else known.sentence if known is not None else None


def describe(suspicion: Suspicion) -> str:
    """Return the suspicion in one line: the release, how the share rose, over how many hosts and images."""
    rise = suspicion.rise
    return (
        f"release {suspicion.release}: {_share(rise.before)} of the images failed so before it, {_share(rise.since)} of late;"
        f" {rise.images:,} images of {rise.hosts:,} hosts"
    )


def _share(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"  # noqa: PLR2004 - two digits either way
