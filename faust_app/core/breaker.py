"""When to stop and blame nobody: rules over what happened in the last seconds, and when to probe again."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

_MANY: Final = 8
"""Different shops or hosts a second remembers; the rules ask for five."""


@dataclass(slots=True)
class Tally:
    """How many calls there were, how many went wrong, and whose those were."""

    calls: int = 0
    bad: int = 0
    shops: set[int] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def add(self, *, bad: bool, shop: int | None, host: str | None) -> None:
        """Count one call; only bad ones tell their shop and host."""
        self.calls += 1
        if not bad:
            return
        self.bad += 1
        if shop is not None and len(self.shops) < _MANY:
            self.shops.add(shop)
        if host is not None and len(self.hosts) < _MANY:
            self.hosts.add(host)


class Window:
    """The last `seconds`, in steps of one second; `now` is any clock that never goes back."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._steps: deque[tuple[int, Tally]] = deque()

    def add(self, now: float, *, bad: bool, shop: int | None = None, host: str | None = None) -> None:
        """Count one call."""
        second = int(now)
        if not self._steps or self._steps[-1][0] != second:
            self._steps.append((second, Tally()))
            self._forget(now)
        self._steps[-1][1].add(bad=bad, shop=shop, host=host)

    def tally(self, now: float) -> Tally:
        """Return what happened since `now` minus the window."""
        self._forget(now)
        whole = Tally()
        for _, step in self._steps:
            whole.calls += step.calls
            whole.bad += step.bad
            whole.shops |= step.shops
            whole.hosts |= step.hosts
        return whole

    def clear(self) -> None:
        """Forget everything: what comes next is judged by itself."""
        self._steps.clear()

    def _forget(self, now: float) -> None:
        while self._steps and self._steps[0][0] <= now - self._seconds:
            self._steps.popleft()


CALL_SECONDS: Final = 10
"""The window of calls to a dependency and of fetches."""
INTERNAL_ERROR_SECONDS: Final = 60
"""The window of outcomes that tells a bad release."""

_FIRST_PROBE: Final = 5.0
_LAST_PROBE: Final = 60.0


def dependency_is_unavailable(tally: Tally) -> bool:
    """Return whether at least half of 20 or more calls failed."""
    return tally.calls >= 20 and tally.bad * 2 >= tally.calls  # noqa: PLR2004 - the rule's own numbers


def release_is_broken(tally: Tally) -> bool:
    """Return whether at least a fifth of 50 or more outcomes were errors of our own code, over five shops or more."""
    return tally.calls >= 50 and tally.bad * 5 >= tally.calls and len(tally.shops) >= 5  # noqa: PLR2004 - as above


def probe_delay(failed_probes: int) -> float:
    """Return the seconds until the next probe: 5, doubling to 60."""
    return min(_FIRST_PROBE * 2.0 ** min(failed_probes, 10), _LAST_PROBE)
