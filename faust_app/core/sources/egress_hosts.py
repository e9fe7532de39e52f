"""The hosts that answered lately: when one of them falls silent it is evidence about our network, and they can be probed."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

LATELY_SECONDS: Final = 24 * 3600.0
"""A host counts as having answered lately for so long, back from the newest answer of any host: an outage ages no host."""
PROBE_TARGETS: Final = 6
"""Hosts that are probed at once."""

_FIRST_DELAY: Final = 1.0
_LAST_DELAY: Final = 30.0
_REMEMBERED: Final = 1000


def egress_probe_delay(laps: int) -> float:
    """Return the seconds until the next probe: 1, doubling to 30 with every lap in which all known hosts were probed."""
    return float(min(_FIRST_DELAY * 2.0 ** min(laps, 10), _LAST_DELAY))


@dataclass(slots=True)
class _Answered:
    """A host that answered: where it is probed, for which shop it answered, and when."""

    origin: str
    shop: int
    at: float


class AnsweredHosts:
    """The hosts that answered, bounded in number, and which of them are probed next; times are seconds of one clock."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Answered] = OrderedDict()
        self._newest = float("-inf")
        self._probed: set[str] = set()
        self._laps = 0

    def remember(self, host: str, origin: str, shop: int, at: float) -> str | None:
        """Add an answer of the past, unless a newer one is known; return the host that is forgotten for it, if any."""
        known = self._hosts.get(host)
        if known is not None and known.at >= at:
            return None
        self._hosts[host] = _Answered(origin, shop, at)
        self._newest = max(self._newest, at)
        return self._forget_oldest()

    def answered(self, host: str, origin: str, shop: int, now: float) -> str | None:
        """Add an answer of now; return the host that is forgotten for it, if any."""
        self._hosts[host] = _Answered(origin, shop, now)
        self._hosts.move_to_end(host)
        self._newest = now
        return self._forget_oldest()

    def forget(self, host: str) -> None:
        """Remove a host."""
        self._hosts.pop(host, None)

    def answered_lately(self, host: str) -> bool:
        """Return whether the host answered within LATELY_SECONDS of the newest answer."""
        known = self._hosts.get(host)
        return known is not None and known.at >= self._newest - LATELY_SECONDS

    def probe_targets(self, *, apart_from: str | None, is_suspect: Callable[[str], bool]) -> list[str]:
        """Return the origins to probe next: hosts that answered lately, of as many shops as there are.

        Hosts not yet probed in this lap come first, and among them suspects last, so that every host gets its turn.
        """
        hosts = [host for host in reversed(self._hosts) if host != apart_from and self.answered_lately(host)]
        ranked = sorted(hosts, key=lambda host: (host in self._probed, is_suspect(host)))
        chosen = _of_several_shops(ranked, {host: self._hosts[host].shop for host in hosts})
        self._probed.update(chosen)
        return [self._hosts[host].origin for host in chosen]

    def start_lap(self, *, apart_from: str | None) -> None:
        """Begin the next lap if every host that answered lately has been probed in this one."""
        hosts = [host for host in self._hosts if host != apart_from and self.answered_lately(host)]
        if hosts and self._probed.issuperset(hosts):
            self._probed.clear()
            self._laps += 1

    def restart_laps(self) -> None:
        """Begin the first lap of an outage."""
        self._probed.clear()
        self._laps = 0

    def probe_delay(self) -> float:
        """Return the seconds until the next probe, by the laps of this outage."""
        return egress_probe_delay(self._laps)

    def _forget_oldest(self) -> str | None:
        return self._hosts.popitem(last=False)[0] if len(self._hosts) > _REMEMBERED else None


def _of_several_shops(hosts: Iterable[str], shop_of: dict[str, int]) -> list[str]:
    """Return up to PROBE_TARGETS hosts in their order, first one of each shop."""
    firsts, others, shops = list[str](), list[str](), set[int]()
    for host in hosts:
        (others if shop_of[host] in shops else firsts).append(host)
        shops.add(shop_of[host])
    return (firsts + others)[:PROBE_TARGETS]
