"""How many events of a source may run at once, and how many may wait for it here: the slower it is, the fewer.

A source is a shop's host. A fetch that runs is not taken away again, so a slow source is bounded before it gets a slot;
and shops that share a host share its slots. An event that waits behind a slow source holds room to read ahead, so the
youngest of a long queue are deferred to a time of the source's own clock: each to the end of those deferred before it, so
that none is deferred twice in a row.

Hosts that do not answer must not hold what others need: one that was never fetched from gets one slot, all hosts without
an answer together leave some slots to those that answered, and those that fail leave half to the others.
"""

from dataclasses import dataclass, field
from typing import Final, TypeVar

from faust_app.core.sources.egress import Egress
from faust_app.core.sources.health import Source

SOURCE_SECONDS: Final = 0.5
"""Mean seconds of a fetch up to which a source may hold every slot; beyond it, its share falls with its speed."""
HOST_SECONDS: Final = 1.0
LEAST_OF_A_SOURCE: Final = 4
LEAST_OF_A_HOST: Final = 8
UNKNOWN: Final = 8
"""Slots of a source before so many of its fetches have ended."""
LONGEST_WAIT: Final = 10.0
"""Expected seconds of waiting here beyond which a source's youngest event is deferred."""
SOON: Final = 5.0
"""An event is deferred by so many seconds at least, and events are released for so many seconds of work."""
SHORTEST_WAIT: Final = 2.0
"""Expected seconds of waiting below which events that were deferred are released."""
UNPROVEN_SHARE: Final = 7 / 8
"""Part of the slots that hosts which have not answered here may hold together."""
FAILING_SHARE: Final = 1 / 2
"""Part of the slots that failing hosts may hold together."""
LEAST_OF_A_FAILING_HOST: Final = 2
FAILING_AFTER: Final = 3
"""Failures in a row by which a host that answered before counts as failing; one that never did fails from the first on."""
_NEWEST: Final = 0.1
"""Weight of the newest fetch in the mean."""
_REMEMBERED: Final = 50_000

K = TypeVar("K")


@dataclass(slots=True)
class _Account:
    mean: float | None = None
    fetches: int = 0
    queued: int = 0
    sources: int = 0
    started: list[float] = field(default_factory=list)
    fetching: list[float] = field(default_factory=list)
    deferred_until: float = 0.0
    answered: bool = False
    failures: int = 0
    deferred: bool = False

    @property
    def is_failing(self) -> bool:
        return not self.deferred and self.failures >= (FAILING_AFTER if self.answered else 1)

    @property
    def is_unproven(self) -> bool:
        return not self.deferred and (self.is_failing or not self.answered)

    @property
    def is_busy(self) -> bool:
        return bool(self.queued or self.started)

    def add(self, seconds: float) -> None:
        self.mean = seconds if self.mean is None else (1 - _NEWEST) * self.mean + _NEWEST * seconds
        self.fetches += 1

    def seconds(self, now: float) -> float:
        """Return what a fetch takes: the mean, or what half of those under way have taken so far, if that is more."""
        age = now - self.fetching[(len(self.fetching) - 1) // 2] if self.fetching else 0.0
        return max(self.mean or 0.0, age)


class SourcePace:
    """What one worker knows of the speed of its sources; times are seconds of any clock that never goes back.

    Source (shop, "") stands for work without a source, which is never bounded. While our own network counts as down,
    `egress` says which hosts are tried.
    """

    def __init__(self, slots: int) -> None:
        self.egress = Egress()
        self._slots = slots
        self._sources: dict[Source, _Account] = {}
        self._hosts: dict[str, _Account] = {}
        self._unproven = 0
        self._failing = 0
        self._was_refused = False

    def arrived(self, source: Source) -> None:
        """Record an event that waits for a slot."""
        account, host = self._of(source), self._host(source[1])
        host.sources += not account.is_busy
        account.queued += 1
        host.queued += 1

    def left(self, source: Source) -> None:
        """Record an event that waits no longer and did not start."""
        self._of(source).queued -= 1
        self._host(source[1]).queued -= 1
        self._is_gone(source)

    def started(self, source: Source, now: float) -> None:
        """Record an event that was given a slot."""
        self.egress.started(source[1], now)
        host = self._host(source[1])
        for account in (self._of(source), host):
            account.queued -= 1
            account.started.append(now)
        self._unproven += bool(source[1]) and host.is_unproven
        self._failing += bool(source[1]) and host.is_failing

    def ended(self, source: Source, since: float) -> None:
        """Record an event whose slot, given at `since`, is free again."""
        self.egress.ended(source[1])
        self._of(source).started.remove(since)
        host = self._host(source[1])
        host.started.remove(since)
        self._unproven -= bool(source[1]) and host.is_unproven
        self._failing -= bool(source[1]) and host.is_failing
        self._is_gone(source)
        _forget_oldest(self._sources)
        _forget_oldest(self._hosts)

    def fetching(self, source: Source, now: float) -> None:
        """Record a fetch that begins: what else an event waits for is no matter of its source."""
        for account in (self._of(source), self._host(source[1])):
            account.fetching.append(now)

    def fetched(self, source: Source, since: float, now: float) -> None:
        """Record that a fetch which began at `since` has ended, whatever it brought."""
        for account in (self._of(source), self._host(source[1])):
            account.fetching.remove(since)
            account.add(now - since)

    def mean_of(self, source: Source) -> float | None:
        """Return the mean seconds of fetches from the source of late, None before the first."""
        account = self._sources.get(source)
        return None if account is None else account.mean

    def answered(self, host: str) -> None:
        """Count an answer of the host, whatever it said."""
        account = self._host(host)
        if not account.answered or account.failures:
            self._stands(account, answered=True, failures=0)

    def failed(self, host: str) -> None:
        """Count a failure of the host as a whole."""
        account = self._host(host)
        self._stands(account, failures=account.failures + 1)

    def deferred(self, host: str, *, deferred: bool) -> None:
        """Count whether the host's images wait: their events end at once, so they are bounded like those of any good host."""
        self._stands(self._host(host), deferred=deferred)

    def _stands(
        self, account: _Account, *, answered: bool | None = None, failures: int | None = None, deferred: bool | None = None
    ) -> None:
        """Move what the host has running from one class of hosts to another."""
        running = len(account.started)
        self._unproven -= running * account.is_unproven
        self._failing -= running * account.is_failing
        account.answered = account.answered if answered is None else answered
        account.failures = account.failures if failures is None else failures
        account.deferred = account.deferred if deferred is None else deferred
        self._unproven += running * account.is_unproven
        self._failing += running * account.is_failing

    def was_refused(self) -> bool:
        """Return, once, whether a source was refused a slot for what others hold: then any end may let it go on."""
        refused, self._was_refused = self._was_refused, False
        return refused

    def has_slot(self, source: Source, now: float) -> bool:
        """Return whether one more event of the source may start."""
        if not source[1]:
            return True
        host = self._host(source[1])
        if self._is_crowded_out(host) or not self.egress.admits(source[1], now):
            self._was_refused = True
            return False
        return self._has_slot_of_its_own(source, host, now)

    def _is_crowded_out(self, host: _Account) -> bool:
        """Return whether hosts of the host's class hold all slots they may hold together."""
        if not host.is_unproven:
            return False
        if host.is_failing and self._failing >= max(1, int(self._slots * FAILING_SHARE)):
            return True
        return self._unproven >= max(1, int(self._slots * UNPROVEN_SHARE))

    def _has_slot_of_its_own(self, source: Source, host: _Account, now: float) -> bool:
        return len(self._of(source).started) < self.slots(source, now) and len(host.started) < self._bound(host, now, of_host=True)

    def is_full(self, source: Source, now: float) -> bool:
        """Return whether the source, or hosts like its own, hold all they may, and may not hold every slot: its events wait for that."""
        if not source[1]:
            return False
        if self._slots > 1 and self._is_crowded_out(self._host(source[1])):
            return True
        if self._has_slot_of_its_own(source, self._host(source[1]), now):
            return False
        return min(self.slots(source, now), self._bound(self._host(source[1]), now, of_host=True)) < self._slots

    def slots(self, source: Source, now: float) -> int:
        """Return how many slots the source may hold."""
        return self._bound(self._of(source), now, of_host=False)

    def surplus(self, source: Source, now: float) -> int:
        """Return how many of the source's queued events are to be deferred; one always stays."""
        account = self._of(source)
        seconds = account.seconds(now)
        if not source[1] or not seconds:
            return 0
        room = max(1, int(LONGEST_WAIT * self._share(source, now) / seconds))
        return max(0, account.queued - room)

    def defer(self, source: Source, now: float) -> float:
        """Return for how many seconds the source's youngest event is deferred."""
        account = self._of(source)
        each = account.seconds(now) / self._share(source, now)
        account.deferred_until = max(account.deferred_until, now + SOON) + each
        return account.deferred_until - now

    def to_release(self, now: float) -> list[tuple[Source, int]]:
        """Return sources that run out of events while others of theirs are deferred, and how many to release."""
        found = []
        for source, account in self._sources.items():
            if account.deferred_until <= now + SOON:
                continue
            rate = self._share(source, now) / max(account.seconds(now), 0.001)
            if account.queued < SHORTEST_WAIT * rate:
                found.append((source, max(1, int(SOON * rate))))
        return found

    def released_all(self, source: Source, now: float) -> None:
        """Record that none of the source's events is deferred any more."""
        self._of(source).deferred_until = now

    def _share(self, source: Source, now: float) -> float:
        """Return how many slots the source can count on: its own, and where its host is crowded no more than its part of the host's."""
        host = self._host(source[1])
        slots, of_host = self.slots(source, now), self._bound(host, now, of_host=True)
        is_crowded = host.queued * host.seconds(now) > LONGEST_WAIT * of_host
        return min(slots, of_host / host.sources) if is_crowded else slots

    def _is_gone(self, source: Source) -> None:
        """Count a source no more among the busy ones of its host once nothing of it is here."""
        self._host(source[1]).sources -= not self._of(source).is_busy

    def _bound(self, account: _Account, now: float, *, of_host: bool) -> int:
        limit, least = (HOST_SECONDS, LEAST_OF_A_HOST) if of_host else (SOURCE_SECONDS, LEAST_OF_A_SOURCE)
        seconds = account.seconds(now)
        bound = self._slots if seconds <= limit else max(least, int(self._slots * limit / seconds))
        if of_host and account.is_unproven:
            bound = LEAST_OF_A_FAILING_HOST if account.fetches else 1
        return min(bound, UNKNOWN) if account.fetches < UNKNOWN and not of_host else bound

    def _of(self, source: Source) -> _Account:
        return _account(self._sources, source)

    def _host(self, host: str) -> _Account:
        return _account(self._hosts, host)


def _account(known: dict[K, _Account], key: K) -> _Account:
    account = known.get(key)
    if account is None:
        account = known[key] = _Account()
    return account


def _forget_oldest(known: dict[K, _Account]) -> None:
    """Bound what is remembered; a source that is met again starts as an unknown one."""
    if len(known) > _REMEMBERED:
        oldest = next(iter(known))
        account = known.pop(oldest)
        if account.is_busy:
            known[oldest] = account
