"""What is measured of each source and of each host: what waits, what runs, how long fetches take, and whether the host answers."""

import math
from dataclasses import dataclass, field
from typing import Final, TypeVar

from faust_app.core.dispatch.host_limit import HostLimit
from faust_app.core.sources.health import Source

FAILING_AFTER: Final = 3
"""Failures in a row by which a host that answered before counts as failing; one that never did fails from the first on."""
NEWEST: Final = 0.1
"""Weight of the newest fetch or service in the mean."""
_NEWEST_RATE: Final = 0.3
_REMEMBERED: Final = 50_000


@dataclass(slots=True)
class Account:
    """What sources and hosts have in common.

    `started` is when each slot was given that is held, `fetching` when each fetch began that is under way, oldest first.
    """

    mean: float | None = None
    fetches: int = 0
    queued: int = 0
    started: list[float] = field(default_factory=list)
    fetching: list[float] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        """Whether any event waits or runs."""
        return bool(self.queued or self.started)

    def add(self, seconds: float) -> None:
        """Add a fetch that has ended to the mean."""
        self.mean = newer_mean(self.mean, seconds)
        self.fetches += 1

    def seconds(self, now: float) -> float:
        """Return what a fetch takes: the mean, or what half of those under way have taken so far, if that is more."""
        age = now - self.fetching[(len(self.fetching) - 1) // 2] if self.fetching else 0.0
        return max(self.mean or 0.0, age)


@dataclass(slots=True)
class SourceAccount(Account):
    """The account of a source. `service` is how long its events hold their slots, `deferred_until` when the last comes back.

    `throughput` is how many events a second ended of late while more waited, None before that is known.
    """

    service: float | None = None
    deferred_until: float = 0.0
    ended: int = 0
    wanted_more: bool = False
    throughput: float | None = None

    def measure(self, seconds: float) -> None:
        """Measure the throughput of the last `seconds`; a source that ran dry could have had more, and is not judged by it."""
        if self.wanted_more and self.queued and seconds > 0:
            got = self.ended / seconds
            self.throughput = got if self.throughput is None else (1 - _NEWEST_RATE) * self.throughput + _NEWEST_RATE * got
        self.ended, self.wanted_more = 0, bool(self.queued)


@dataclass(slots=True)
class HostAccount(Account):
    """The account of a host, which several shops may share: `sources` is how many of them are busy.

    `configured` is how many fetches at once the platform allows; where it says nothing, `limit` finds how many are served well.
    `storing` is how many of its events have fetched and hold their slots to store what they got. `is_left_alone` is whether its
    images are deferred for its failures.
    """

    sources: int = 0
    answered: bool = False
    failures: int = 0
    is_left_alone: bool = False
    limit: HostLimit | None = None
    configured: int | None = None
    storing: int = 0

    @property
    def is_failing(self) -> bool:
        """Whether it fails again and again. The events of one that is left alone end at once, so it is like any good host."""
        return not self.is_left_alone and self.failures >= (FAILING_AFTER if self.answered else 1)

    @property
    def is_unproven(self) -> bool:
        """Whether nothing says that it will answer: it never did, or it is failing."""
        return not self.is_left_alone and (self.is_failing or not self.answered)

    @property
    def fetches_at_once(self) -> int:
        """How many of its events fetch, or are about to: those that store what they have fetched burden the host no more."""
        return len(self.started) - self.storing

    def connections(self, now: float) -> float:
        """Return how many fetches at once the host serves well, as far as that is bounded."""
        if self.limit is not None:
            return self.limit.allowed(now)
        return math.inf if self.configured is None else self.configured


class Accounts:
    """The accounts of every source and host that is remembered, and how many slots hosts hold that do not answer well.

    A source that is met again after it was forgotten starts as an unknown one. `host_limits` says how many fetches at once a
    platform allows from hosts of its own.
    """

    def __init__(self, host_limits: dict[str, int]) -> None:
        self._host_limits = host_limits
        self.sources: dict[Source, SourceAccount] = {}
        self.hosts: dict[str, HostAccount] = {}
        self.unproven = 0
        """Slots held by hosts that have not answered here, or are failing."""
        self.failing = 0
        """Slots held by hosts that are failing."""

    def source(self, source: Source) -> SourceAccount:
        """Return the source's account, a new one where there is none."""
        account = self.sources.get(source)
        if account is None:
            account = self.sources[source] = SourceAccount()
        return account

    def host(self, name: str) -> HostAccount:
        """Return the host's account, a new one where there is none."""
        account = self.hosts.get(name)
        if account is None:
            account = self.hosts[name] = HostAccount(configured=self._host_limits.get(name))
            if account.configured is None and name:
                account.limit = HostLimit()
        return account

    def hold(self, host: HostAccount, slots: int) -> None:
        """Count so many slots more, or fewer, among those that hosts like this one hold together."""
        if host.is_unproven:  # so is every failing one
            self.unproven += slots
            self.failing += slots * host.is_failing

    def forget_oldest(self) -> None:
        """Forget the oldest source and host once there are too many, unless they are busy."""
        if len(self.sources) > _REMEMBERED:
            _forget_oldest(self.sources)
        if len(self.hosts) > _REMEMBERED:
            _forget_oldest(self.hosts)


def newer_mean(mean: float | None, seconds: float) -> float:
    """Return the mean with one more measurement in it."""
    return seconds if mean is None else (1 - NEWEST) * mean + NEWEST * seconds


K = TypeVar("K")
A = TypeVar("A", bound=Account)


def _forget_oldest(known: dict[K, A]) -> None:
    oldest = next(iter(known))
    account = known.pop(oldest)
    if account.is_busy:
        known[oldest] = account
