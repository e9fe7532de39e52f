"""Records what happens to the events of sources, for the decisions that are made of it: see `bounds` and `deferrals`."""

from collections.abc import Callable, Mapping

from faust_app.core.dispatch.pace.accounts import Accounts, HostAccount, newer_mean
from faust_app.core.dispatch.pace.deferral_clock import DeferralClock
from faust_app.core.dispatch.pace.slot_bounds import SlotBounds
from faust_app.core.dispatch.shop_controls import ShopLimits, unlimited
from faust_app.core.sources.egress import Egress
from faust_app.core.sources.health import Source


class SourcePace:
    """What one worker knows of the speed of its sources; times are seconds of any clock that never goes back.

    While our own network counts as down, `egress` says which hosts are tried. `host_limits` are the fetches at once that a
    platform allows from hosts of its own; for other hosts the limit is found. `limits` returns what operators set for a shop.
    """

    def __init__(self, slots: int, host_limits: Mapping[str, int] | None = None, limits: Callable[[int], ShopLimits] = unlimited) -> None:
        self.egress = Egress()
        self.limits = limits
        self.accounts = Accounts(dict(host_limits or {}))
        self.bounds = SlotBounds(slots, self.accounts, self.egress)
        self.deferrals = DeferralClock(self.accounts, self.bounds, limits)
        self._ticked = 0.0

    def arrived(self, source: Source) -> None:
        """Record an event that waits for a slot."""
        account, host = self.accounts.source(source), self.accounts.host(source[1])
        host.sources += not account.is_busy
        account.queued += 1
        host.queued += 1

    def left(self, source: Source) -> None:
        """Record an event that waits no longer and did not start."""
        account, host = self.accounts.source(source), self.accounts.host(source[1])
        account.queued -= 1
        host.queued -= 1
        host.sources -= not account.is_busy

    def started(self, source: Source, now: float) -> None:
        """Record an event that was given a slot."""
        self.egress.started(source[1], now)
        host = self.accounts.host(source[1])
        for account in (self.accounts.source(source), host):
            account.queued -= 1
            account.started.append(now)
        if source[1]:
            self.accounts.hold(host, 1)

    def ended(self, source: Source, since: float, *, stored: bool = False) -> None:
        """Record an event whose slot, given at `since`, is free again; `stored` if `storing` was recorded of it."""
        self.egress.ended(source[1])
        account, host = self.accounts.source(source), self.accounts.host(source[1])
        account.started.remove(since)
        host.started.remove(since)
        host.storing -= stored
        account.ended += 1
        if source[1]:
            self.accounts.hold(host, -1)
        host.sources -= not account.is_busy
        self.accounts.forget_oldest()

    def fetching(self, source: Source, now: float) -> None:
        """Record a fetch that begins: what else an event waits for is no matter of its source."""
        for account in (self.accounts.source(source), self.accounts.host(source[1])):
            account.fetching.append(now)

    def fetched(self, source: Source, since: float, now: float) -> None:
        """Record that a fetch which began at `since` has ended, whatever it brought."""
        host = self.accounts.host(source[1])
        for account in (self.accounts.source(source), host):
            account.fetching.remove(since)
            account.add(now - since)
        if host.limit is not None:
            host.limit.fetched(since, now)
            host.limit.judge(host.fetching, now)

    def storing(self, source: Source) -> None:
        """Record, once an event, that it has fetched: until it has `ended` it holds its slot, and burdens its host no more."""
        self.accounts.host(source[1]).storing += 1

    def served(self, source: Source, seconds: float) -> None:
        """Record for how long an event of the source held its slot, whatever it did there."""
        account = self.accounts.source(source)
        account.service = newer_mean(account.service, seconds)

    def service_of(self, source: Source) -> float | None:
        """Return for how many seconds events of the source held their slots of late, None before the first."""
        account = self.accounts.sources.get(source)
        return None if account is None else account.service

    def mean_of(self, source: Source) -> float | None:
        """Return the mean seconds of fetches from the source of late, None before the first."""
        account = self.accounts.sources.get(source)
        return None if account is None else account.mean

    def pushed_back(self, host: str, now: float) -> None:
        """Record that the host asked for fewer requests."""
        limit = self.accounts.host(host).limit
        if limit is not None:
            limit.pushed_back(now)

    def tick(self, now: float) -> None:
        """Measure the throughput of each source since the last call, and judge the limits of hosts; call it every second."""
        seconds, self._ticked = now - self._ticked, now
        for account in self.accounts.sources.values():
            account.measure(seconds)
        for host in self.accounts.hosts.values():
            if host.limit is not None and host.fetching:
                host.limit.judge(host.fetching, now)

    def answered(self, host: str) -> None:
        """Count an answer of the host, whatever it said."""
        account = self.accounts.host(host)
        if not account.answered or account.failures:
            self._reclassify(account, answered=True, failures=0)

    def failed(self, host: str) -> None:
        """Count a failure of the host as a whole."""
        account = self.accounts.host(host)
        self._reclassify(account, failures=account.failures + 1)

    def left_alone(self, host: str, *, is_left_alone: bool) -> None:
        """Record whether the host's images are deferred: their events end at once, so it is bounded like any good host."""
        self._reclassify(self.accounts.host(host), is_left_alone=is_left_alone)

    def _reclassify(
        self, host: HostAccount, *, answered: bool | None = None, failures: int | None = None, is_left_alone: bool | None = None
    ) -> None:
        """Change what is known of the host, and count the slots it holds in the class that it then belongs to."""
        running = len(host.started)
        self.accounts.hold(host, -running)
        host.answered = host.answered if answered is None else answered
        host.failures = host.failures if failures is None else failures
        host.is_left_alone = host.is_left_alone if is_left_alone is None else is_left_alone
        self.accounts.hold(host, running)
