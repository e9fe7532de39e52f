"""Which sources are left alone for a while: a host that fails one shop's images in a row, or several shops'.

A source is a shop's host. Ten failures in a row park its images: they wait, nothing is counted against them, and one a
minute goes through as a probe. A host that is parked for three shops is parked for all. The first answer ends it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from faust_app.core.failure import FailureCode

FAILURES_IN_A_ROW: Final = 10
SHOPS_OF_A_HOST: Final = 3
PROBE_SECONDS: Final = 60.0
PARK_SECONDS: Final = 300.0
"""How long a parked image waits, before jitter."""
_REMEMBERED: Final = 50_000
"""Sources with failures that are remembered; beyond it the oldest is forgotten and starts anew."""

Source = tuple[int, str]
"""A shop and the host its image comes from."""


@dataclass(slots=True)
class _Streak:
    failures: int
    code: FailureCode
    parked: bool = False
    probe_at: float = 0.0


class SourceHealth:
    """What one worker knows of its sources; `now` is in seconds of any clock that never goes back."""

    def __init__(self, *, shops_of_a_host: int | None = SHOPS_OF_A_HOST) -> None:
        self._shops_of_a_host = shops_of_a_host
        self._streaks: dict[Source, _Streak] = {}
        self._parked: dict[str, set[int]] = {}
        self._held: dict[str, set[int]] = {}
        self._host_probe_at: dict[str, float] = {}

    def admits(self, source: Source, now: float) -> bool:
        """Tell whether an image of the source may be fetched; where it is parked, one a minute may, as a probe."""
        if not self._parked:
            return True
        shop, host = source
        streak = self._streaks.get(source)
        if self.is_parked_for_all(host):
            if now >= self._host_probe_at.get(host, 0.0):
                self._host_probe_at[host] = now + PROBE_SECONDS
                return True
        elif streak is None or not streak.parked:
            return True
        elif now >= streak.probe_at:
            streak.probe_at = now + PROBE_SECONDS
            return True
        self._held.setdefault(host, set()).add(shop)
        return False

    def failed(self, source: Source, code: FailureCode, now: float) -> bool:
        """Note a failure; tell whether it is the one that parks the source."""
        streak = self._streaks.get(source)
        if streak is None:
            streak = self._streaks[source] = _Streak(0, code)
            self._forget_oldest()
        streak.failures += 1
        streak.code = code
        if streak.parked or streak.failures < FAILURES_IN_A_ROW:
            return False
        streak.parked, streak.probe_at = True, now + PROBE_SECONDS
        self._parked.setdefault(source[1], set()).add(source[0])
        if self.is_parked_for_all(source[1]):
            self._host_probe_at.setdefault(source[1], now + PROBE_SECONDS)
        return True

    def answered(self, source: Source) -> frozenset[int]:
        """Note an answer; return the shops whose parked images may go on."""
        if not self._streaks:
            return frozenset()
        shop, host = source
        for_all = self.is_parked_for_all(host)
        streak = self._streaks.pop(source, None)
        if not for_all and (streak is None or not streak.parked):
            return frozenset()
        shops = self._parked.get(host, set()) | self._held.get(host, set()) if for_all else {shop}
        self._reopen(host, shops)
        return frozenset(shops)

    def is_parked_for_all(self, host: str) -> bool:
        """Tell whether so many shops are parked for the host that every shop is."""
        return self._shops_of_a_host is not None and len(self._parked.get(host, ())) >= self._shops_of_a_host

    def is_parked(self, source: Source) -> bool:
        """Tell whether the source's images wait, a probe now and then apart."""
        streak = self._streaks.get(source)
        return self.is_parked_for_all(source[1]) or (streak is not None and streak.parked)

    def code(self, source: Source) -> FailureCode | None:
        """Return the newest failure of the source, or of another shop at its host."""
        streak = self._streaks.get(source)
        if streak is not None:
            return streak.code
        others = (self._streaks.get((shop, source[1])) for shop in self._parked.get(source[1], ()))
        return next((other.code for other in others if other is not None), None)

    def parked(self) -> Iterable[Source]:
        """Return every parked source."""
        return [(shop, host) for host, shops in self._parked.items() for shop in shops]

    def probes_due(self, now: float) -> Iterable[Source]:
        """Return the sources that may be probed and, host by host, one shop to probe with."""
        due = []
        for host, shops in self._parked.items():
            if self.is_parked_for_all(host):
                if now >= self._host_probe_at.get(host, 0.0):
                    due.append((min(shops), host))
            else:
                due += [(shop, host) for shop in shops if now >= self._streaks[shop, host].probe_at]
        return due

    def _reopen(self, host: str, shops: Iterable[int]) -> None:
        for shop in shops:
            self._streaks.pop((shop, host), None)
        left = self._parked.get(host, set()) - set(shops)
        held = self._held.get(host, set()) - set(shops)
        for known, still in ((self._parked, left), (self._held, held)):
            if still:
                known[host] = still
            else:
                known.pop(host, None)
        if not left:
            self._host_probe_at.pop(host, None)

    def _forget_oldest(self) -> None:
        if len(self._streaks) > _REMEMBERED:
            shop, host = next(iter(self._streaks))
            self._reopen(host, {shop})
