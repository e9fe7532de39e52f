"""What happened in the last seconds, counted; the rules that read it are in `core.breaker`."""

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
