"""Whether our own network reaches the sources: what is evidence against it, who is tried while it is in doubt, what ends it.

Only a host that answered lately and fell silent is evidence about us. A host that never answered, a name the resolver
denies and a refused connection are evidence about the source alone. While the network counts as down, a few real events
of other hosts are tried beside the probe, so every host that answers can end it, whoever the dead ones are.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.breaker import CALL_SECONDS, Tally, Window
from faust_app.core.sources.health import Source

EVIDENCE_FETCHES: Final = 20
EVIDENCE_HOSTS: Final = 5
EVIDENCE_SHOPS: Final = 5
LATELY_SECONDS: Final = 24 * 3600.0
"""A host counts as having answered lately for so long, back from the newest answer of any host: an outage ages nobody."""
TRIALS: Final = 4
"""Events of hosts that have not fallen silent which are tried at the same time while the network counts as down."""
SILENT_TRIALS: Final = 1
"""Events of hosts that have: they are the likely dead ones, and must not take the place of the others."""
PROBE_TARGETS: Final = 6
PROBE_HOSTS: Final = 3
"""Hosts that have to stay silent before their silence alone says that our network is down."""
HEARD_SECONDS: Final = 1.0
"""After an answer the network counts as up for so long without asking."""

_FIRST_DELAY: Final = 1.0
_LAST_DELAY: Final = 30.0
_FIRST_TRIAL_AGAIN: Final = 5.0
_LAST_TRIAL_AGAIN: Final = 60.0
_REMEMBERED: Final = 1000


def network_is_silent(tally: Tally, hosts: int, shops: int) -> bool:
    """Return whether half of 20 or more fetches got no answer, of five hosts and five shops that answered lately.

    So many hosts that answered do not fall silent at once: it is our own network.
    """
    enough = tally.calls >= EVIDENCE_FETCHES and tally.bad * 2 >= tally.calls
    return enough and hosts >= EVIDENCE_HOSTS and shops >= EVIDENCE_SHOPS


def egress_probe_delay(laps: int) -> float:
    """Return the seconds until the next probe: 1, doubling to 30 with every lap in which all known hosts were asked."""
    return float(min(_FIRST_DELAY * 2.0 ** min(laps, 10), _LAST_DELAY))


@dataclass(slots=True)
class _Answered:
    """A host that answered: where it is asked again, for which shop it answered, and when."""

    origin: str
    shop: int
    at: float


@dataclass(slots=True)
class _Silence:
    """A host that answered lately and only fell silent since; `shops` met it."""

    last: float
    shops: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Trial:
    """When a host was tried last while the network counts as down, how often, and whether its event is under way."""

    at: float
    times: int = 1
    under_way: bool = True


class Egress:
    """The rules of one worker's way out; `now` is in seconds of any clock that never goes back.

    Closed, everything is admitted. Open, `admits` lets a few events through; the first answer of any host, or of the
    probe, closes it. A host that stayed silent while another answered is no evidence any more until it answers again, so
    dead hosts can open it a bounded number of times; it is still asked, since an outage may come back.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._fetches = Window(CALL_SECONDS)
        self._answered: OrderedDict[str, _Answered] = OrderedDict()
        self._newest = float("-inf")
        self._silent: dict[str, _Silence] = {}
        self._doubtful: set[str] = set()
        self._trials: dict[str, _Trial] = {}
        self._asked: set[str] = set()
        self._laps = 0
        self._heard_at = float("-inf")
        self._down_until = float("-inf")

    # What is learnt

    def remember(self, host: str, origin: str, shop: int, at: float) -> None:
        """Take over that a host answered at a time before now, as the database has it."""
        known = self._answered.get(host)
        if known is not None and known.at >= at:
            return
        self._answered[host] = _Answered(origin, shop, at)
        self._newest = max(self._newest, at)
        self._forget_oldest()

    def forget(self, host: str) -> None:
        """Take a host that is known to be down by itself out of those that answered lately."""
        self._answered.pop(host, None)
        self._silent.pop(host, None)
        self._doubtful.discard(host)

    def answered(self, source: Source, origin: str, now: float) -> bool:
        """Count an answer, whatever it said; return whether it ends an outage."""
        shop, host = source
        self._fetches.add(now, bad=False)
        self._silent.pop(host, None)
        self._doubtful.discard(host)
        self._answered[host] = _Answered(origin, shop, now)
        self._answered.move_to_end(host)
        self._newest = now
        self._forget_oldest()
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
        """Count a fetch that heard from nobody; return whether it is the one that says our network is down."""
        shop, host = source
        if self.is_open or not self._is_lately(host) or host in self._doubtful:
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

    def was_down_since(self, began: float) -> bool:
        """Return whether the network counted as down at some time since then: what began before proves nothing."""
        return self.is_open or began < self._down_until

    def open(self) -> None:
        """Count the network as down until somebody answers."""
        self.is_open = True
        self._trials.clear()
        self._asked.clear()
        self._laps = 0

    def _close(self) -> None:
        """Count the network as up. Who is silent while others answer is evidence about itself alone."""
        self.is_open = False
        self._doubtful.update(self._silent)
        self._silent.clear()
        self._trials.clear()
        self._fetches.clear()

    # Who is asked

    def was_heard(self, now: float) -> bool:
        """Return whether somebody answered so shortly ago that the network is up."""
        return now - self._heard_at <= HEARD_SECONDS

    def targets(self, *, apart_from: str | None = None) -> list[str]:
        """Return the origins to probe next: hosts that answered lately, of as many shops as there are.

        Those that fell silent come last, those not yet asked in this outage first, so all of them have their turn.
        """
        hosts = [host for host in reversed(self._answered) if host != apart_from and self._is_lately(host)]
        if self.is_open and hosts and self._asked.issuperset(hosts):
            self._asked.clear()
            self._laps += 1
        ranked = sorted(hosts, key=lambda host: (host in self._asked, self._is_suspect(host)))
        chosen = _of_several_shops(ranked, {host: self._answered[host].shop for host in hosts})
        self._asked.update(chosen)
        return [self._answered[host].origin for host in chosen]

    def probe_delay(self) -> float:
        """Return the seconds until the next probe of an outage."""
        return egress_probe_delay(self._laps)

    # Who may go

    def admits(self, host: str, now: float) -> bool:
        """Return whether an event of the host may start; one without a host needs no network."""
        if not self.is_open or not host:
            return True
        trial = self._trials.get(host)
        if trial is not None and (trial.under_way or now < trial.at + _again(trial.times)):
            return False
        silent = self._is_suspect(host)
        same = sum(each.under_way and self._is_suspect(other) is silent for other, each in self._trials.items())
        return same < (SILENT_TRIALS if silent else TRIALS)

    def started(self, host: str, now: float) -> None:
        """Count an event of the host that starts."""
        if self.is_open and host:
            before = self._trials.get(host)
            self._trials[host] = _Trial(now, 1 if before is None else before.times + 1)

    def ended(self, host: str) -> None:
        """Count an event of the host that ended, whatever it brought."""
        trial = self._trials.get(host)
        if trial is not None:
            trial.under_way = False

    def _is_lately(self, host: str) -> bool:
        known = self._answered.get(host)
        return known is not None and known.at >= self._newest - LATELY_SECONDS

    def _is_suspect(self, host: str) -> bool:
        return host in self._silent or host in self._doubtful

    def _forget_oldest(self) -> None:
        if len(self._answered) > _REMEMBERED:
            host, _ = self._answered.popitem(last=False)
            self._silent.pop(host, None)
            self._doubtful.discard(host)


def _again(times: int) -> float:
    return float(min(_FIRST_TRIAL_AGAIN * 2.0 ** min(times - 1, 10), _LAST_TRIAL_AGAIN))


def _of_several_shops(hosts: Iterable[str], shop_of: dict[str, int]) -> list[str]:
    """Return up to PROBE_TARGETS hosts in their order, first one of each shop."""
    firsts, others, shops = list[str](), list[str](), set[int]()
    for host in hosts:
        (others if shop_of[host] in shops else firsts).append(host)
        shops.add(shop_of[host])
    return (firsts + others)[:PROBE_TARGETS]
