"""Finds how many images a worker transfers at once: additive increase, multiplicative decrease.

What may be too much for is our own part: storage, by how long a PUT takes beside what it takes at ease, and the event loop, by how late it
wakes a sleeper. A slow source says nothing of either: it is bounded by itself, and the rest of the slots serves others.
"""

from dataclasses import dataclass, field
from typing import Final

from faust_app.core.dispatch.congestion import DECREASE, USED, is_slow, takes_longer

SLOTS_SECONDS: Final = 1.0
"""Seconds between two judgements."""
FIRST: Final = 64
"""Slots before anything is known of storage and loop. Up to here the number grows whether or not it is used.

A slow source may hold a part of the slots there are, so a few slow sources never use enough of a small number to make it grow.
"""
LEAST: Final = 16
STEP: Final = 4
EASY: Final = 1.25
EASY_BY: Final = 0.02
"""Storage has room for more while a PUT takes no longer than that: what only takes longer is served no faster."""
LATE: Final = 0.1
"""Seconds by which a loop that has too much to do wakes a sleeper too late."""
PROMPT: Final = 0.02
"""Seconds up to which a loop has room for more: one that is busy does not do more by holding more."""
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

    def put_began(self, now: float) -> None:
        """Record a PUT that begins."""
        self._under_way.append(now)

    def put_ended(self, began: float, now: float, *, stored: bool) -> None:
        """Record that a PUT which began at `began` has ended; one that failed, or began under another limit, says nothing of this one."""
        self._under_way.remove(began)
        if stored and began >= self._changed:
            self._ended.append(now - began)

    def judge(self, now: float, running: int, lag: float) -> None:
        """Change the limit; call it every SLOTS_SECONDS, with the events that run and the seconds by which the loop was late since.

        While no event runs, a late loop says nothing of their number.
        """
        lag = lag if running else 0.0
        seconds = self._seconds(now)
        ease = self._at_ease or seconds or 0.0
        self._learn(seconds)
        self._ended.clear()
        if (seconds is not None and is_slow(seconds, ease)) or lag > LATE:
            self._bad += 1
            if self._bad >= IN_A_ROW:
                self._set(max(min(LEAST, self.most), DECREASE * self.slots), now)
            return
        self._bad = 0
        has_settled = not self._under_way or self._under_way[0] >= self._changed
        has_room = lag <= PROMPT and (seconds is None or not takes_longer(seconds, ease, EASY, EASY_BY))
        if has_room and has_settled:
            most = self.most if running >= USED * self.slots else min(FIRST, self.most)
            if self.slots < most:
                self._set(min(self.slots + STEP, most), now)

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
        aging = _AGING_WHEN_SLOW if is_slow(seconds, at_ease) else _AGING
        self._at_ease = min(seconds, at_ease + aging * (seconds - at_ease))

    def _set(self, limit: float, now: float) -> None:
        if limit < self._limit:
            self._changed, self._bad = now, 0  # PUTs from before it fell slow down those that come after
        self._limit = limit


def _median(values: list[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
