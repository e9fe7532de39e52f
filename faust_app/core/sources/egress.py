"""Whether our own network reaches the sources: what is evidence against it, and what ends an outage.

Only a host that answered lately and fell silent is evidence about our network. A host that never answered, a name that the
resolver denies and a refused connection are evidence about the source alone. While the network counts as down, a few events
of other hosts are tried beside the probe, so any host that answers can end the outage, however many others are dead.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from faust_app.core.breaker import CALL_SECONDS, Tally, Window
from faust_app.core.sources.egress_hosts import AnsweredHosts
from faust_app.core.sources.egress_trials import Trials
from faust_app.core.sources.health import Source, SourceRecord

EVIDENCE_FETCHES: Final = 20
EVIDENCE_HOSTS: Final = 5
EVIDENCE_SHOPS: Final = 5
PROBE_HOSTS: Final = 3
"""Hosts that must stay silent before their silence alone shows that our network is down."""
HEARD_SECONDS: Final = 1.0
"""Seconds after an answer during which the network counts as up without a probe."""


def network_is_silent(tally: Tally, hosts: int, shops: int) -> bool:
    """Return whether half of 20 or more fetches got no answer, of five hosts and five shops that answered lately.

    So many hosts do not fall silent at once by themselves: it is our own network.
    """
    enough = tally.calls >= EVIDENCE_FETCHES and tally.bad * 2 >= tally.calls
    return enough and hosts >= EVIDENCE_HOSTS and shops >= EVIDENCE_SHOPS


@dataclass(slots=True)
class _Silence:
    """A host that answered lately and has been silent since, and the shops whose fetches found it so."""

    last: float
    shops: set[int] = field(default_factory=set)


class Egress:
    """The egress of one worker; `now` is in seconds of any clock that never goes back.

    Closed, everything is admitted. Open, `admits` lets a few events through; the first answer of any host, or of the
    probe, closes it. A host that stayed silent while another answered is no evidence again until it answers, so dead hosts
    can open it a bounded number of times; it is still probed, since an outage may come back.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._fetches = Window(CALL_SECONDS)
        self._hosts = AnsweredHosts()
        self._silent: dict[str, _Silence] = {}
        self._doubtful: set[str] = set()
        self._trials = Trials()
        self._heard_at = float("-inf")
        self._down_until = float("-inf")

    # Evidence

    def learn(self, record: SourceRecord, as_of: datetime, now: float) -> None:
        """Apply a record that all workers share, read when the database's clock said `as_of`."""
        if record.is_deferred:
            if record.is_of_all_shops:
                self.forget(record.host)
        elif record.answered_at is not None and record.origin is not None:
            age = max(0.0, (as_of - record.answered_at).total_seconds())
            self.remember(record.host, record.origin, record.answered_for or 0, now - age)

    def remember(self, host: str, origin: str, shop: int, at: float) -> None:
        """Add an answer of a host in the past."""
        self._unsuspect(self._hosts.remember(host, origin, shop, at))

    def forget(self, host: str) -> None:
        """Remove a host that is known to be down by itself from those that answered lately."""
        self._hosts.forget(host)
        self._unsuspect(host)

    def answered(self, source: Source, origin: str, now: float) -> bool:
        """Count an answer, whatever its status; return whether it ends an outage."""
        shop, host = source
        self._fetches.add(now, bad=False)
        self._unsuspect(host)
        self._unsuspect(self._hosts.answered(host, origin, shop, now))
        return self.heard(now)

    def heard(self, now: float) -> bool:
        """Count an answer to the probe; return whether it ends an outage."""
        self._heard_at = now
        if not self.is_open:
            return False
        self._close()
        self._down_until = now
        return True

    def fell_silent(self, source: Source, now: float) -> bool:
        """Count a fetch without any answer; return whether it is the one that shows our network to be down."""
        shop, host = source
        if self.is_open or not self._hosts.answered_lately(host) or host in self._doubtful:
            return False
        self._fetches.add(now, bad=True)
        silence = self._silent.setdefault(host, _Silence(now))
        silence.last = now
        silence.shops.add(shop)
        recent = [each for each in self._silent.values() if now - each.last <= CALL_SECONDS]
        shops = set().union(*(each.shops for each in recent))
        if network_is_silent(self._fetches.tally(now), len(recent), len(shops)):
            self.open()
        return self.is_open

    # State

    def was_down_since(self, began: float) -> bool:
        """Return whether the network counted as down at any time since then: a fetch that began before proves nothing."""
        # Not below: the clock of uvloop counts whole milliseconds.
        return self.is_open or began <= self._down_until

    def was_heard(self, now: float) -> bool:
        """Return whether the last answer is so recent that the network is up."""
        return now - self._heard_at <= HEARD_SECONDS

    def open(self) -> None:
        """Count the network as down until a host answers."""
        self.is_open = True
        self._trials.clear()
        self._hosts.restart_laps()

    def _close(self) -> None:
        """Count the network as up. A host that is silent while others answer is evidence about itself alone."""
        self.is_open = False
        self._doubtful.update(self._silent)
        self._silent.clear()
        self._trials.clear()
        self._fetches.clear()

    # Probes

    def targets(self, *, apart_from: str | None = None) -> list[str]:
        """Return the origins to probe next; in an outage all hosts that answered lately get their turn."""
        if self.is_open:
            self._hosts.start_lap(apart_from=apart_from)
        return self._hosts.probe_targets(apart_from=apart_from, is_suspect=self._is_suspect)

    def probe_delay(self) -> float:
        """Return the seconds until the next probe of an outage."""
        return self._hosts.probe_delay()

    # Events

    def admits(self, host: str, now: float) -> bool:
        """Return whether an event of the host may start; one without a host needs no network."""
        return not self.is_open or not host or self._trials.admits(host, now, self._is_suspect)

    def started(self, host: str, now: float) -> None:
        """Record that an event of the host starts."""
        if self.is_open and host:
            self._trials.started(host, now)

    def ended(self, host: str) -> None:
        """Record that an event of the host has ended, whatever its outcome."""
        self._trials.ended(host)

    def _is_suspect(self, host: str) -> bool:
        return host in self._silent or host in self._doubtful

    def _unsuspect(self, host: str | None) -> None:
        if host is not None:
            self._silent.pop(host, None)
            self._doubtful.discard(host)
