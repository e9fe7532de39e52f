"""Finds how many images a worker transfers at once: additive increase, multiplicative decrease.

What may be too much for is our own part: storage, by how long a PUT takes beside what it takes at ease, and the event loop, by how late it
wakes a sleeper. A slow source says nothing of either: it is bounded by itself, and the rest of the slots serves others.
"""

from dataclasses import dataclass, field
from typing import Final

FIRST: Final = 64
"""Slots before anything is known of storage and loop."""
LEAST: Final = 16
STEP: Final = 4
DECREASE: Final = 0.75
SLOWER: Final = 2.0
SLOWER_BY: Final = 0.1
"""Storage is slow when a PUT takes so many times as long as at ease, and so many seconds more."""
EASY: Final = 1.25
EASY_BY: Final = 0.02
"""Storage has room for more while a PUT takes no longer than that: what only takes longer is served no faster."""
LATE: Final = 0.1
"""Seconds by which a loop that has too much to do wakes a sleeper too late."""
PROMPT: Final = 0.02
"""Seconds up to which a loop has room for more: one that is busy does not do more by holding more."""
USED: Final = 0.8
"""Part of the slots that has to be in use before there are more: a number that is not reached proves nothing."""
IN_A_ROW: Final = 2
"""Windows in a row that have to be bad: one alone may be a pause of the machine, or a few large images."""
ENOUGH: Final = 8
"""PUTs by which a window is judged."""
_AGING: Final = 0.02
_AGING_WHEN_SLOW: Final = 0.05
"""How fast what counts as ease follows what is: storage that stays slow with fewer slots is not slow for their number."""


@dataclass(slots=True)
class SlotLimit:
    """The slots of one worker, `most` at most. Times are seconds of a clock that never goes back."""

    most: int
    _limit: float = FIRST
    _at_ease: float | None = None
    _changed: float = float("-inf")
    _ended: list[float] = field(default_factory=list)
    _under_way: list[float] = field(default_factory=list)
    """When the PUTs under way began, oldest first."""
    _bad: int = 0

    @property
    def slots(self) -> int:
        """How many events may run at once."""
        return max(1, min(int(self._limit), self.most))

    def putting(self, now: float) -> None:
        """Record a PUT that begins."""
        self._under_way.append(now)

    def put(self, began: float, now: float, *, stored: bool) -> None:
        """Record that a PUT which began at `began` has ended; one that failed, or began under another limit, says nothing of this one."""
        self._under_way.remove(began)
        if stored and began >= self._changed:
            self._ended.append(now - began)

    def judge(self, now: float, running: int, lag: float) -> None:
        """Change the limit; call it every second, with the events that run and the seconds by which the loop came too late to it."""
        seconds = self._seconds(now)
        ease = self._at_ease or seconds or 0.0
        self._learn(seconds)
        self._ended.clear()
        if _exceeds(seconds, ease, SLOWER, SLOWER_BY) or lag > LATE:
            self._bad += 1
            if self._bad >= IN_A_ROW:
                self._set(max(min(LEAST, self.most), DECREASE * self.slots), now)
            return
        self._bad = 0
        has_settled = not self._under_way or self._under_way[0] >= self._changed
        has_room = lag <= PROMPT and not _exceeds(seconds, ease, EASY, EASY_BY)
        if has_room and has_settled and running >= USED * self.slots:
            self._set(min(self.slots + STEP, self.most), now)

    def _seconds(self, now: float) -> float | None:
        """Return what a PUT takes, None where too few have ended: the median, or that of the ages of those under way, if it is more."""
        ages = [now - began for began in reversed(self._under_way) if began >= self._changed]
        age = _median(ages) if len(ages) >= ENOUGH else 0.0
        if len(self._ended) >= ENOUGH:
            return max(_median(self._ended), age)
        return age if self._at_ease is not None and age > self._at_ease else None

    def _learn(self, seconds: float | None) -> None:
        """Learn what a PUT takes at ease: the least that it took, and in time what it takes."""
        if seconds is None:
            return
        at_ease = seconds if self._at_ease is None else self._at_ease
        aging = _AGING_WHEN_SLOW if _exceeds(seconds, at_ease, SLOWER, SLOWER_BY) else _AGING
        self._at_ease = min(seconds, at_ease + aging * (seconds - at_ease))

    def _set(self, limit: float, now: float) -> None:
        if limit < self._limit:
            self._changed, self._bad = now, 0  # PUTs from before it fell slow down those that come after
        self._limit = limit


def _exceeds(seconds: float | None, ease: float, times: float, by: float) -> bool:
    return seconds is not None and seconds > times * ease + by


def _median(values: list[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
