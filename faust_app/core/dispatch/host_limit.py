"""Finds how many fetches a host serves well at once: additive increase, multiplicative decrease.

By Little's law a host that answers `n` fetches at once in `s` seconds each serves `n / s` a second. While more at once serve
more, the limit grows; where they serve fewer, it falls back to the best number known, and tries beyond it ever more rarely. What
counts is how many were under way, not how many were allowed: a busy worker uses less than it may, and learns nothing of the rest.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faust_app.core.dispatch.congestion import DECREASE, USED, is_slow
from faust_app.core.messages.source_url import UrlError, parse_url

MOST_FOUND: Final = 32
"""The largest limit that is found for a host, unless `SOURCE_HOST_LIMITS` names it."""
LEAST: Final = 4
FIRST: Final = 8
"""The limit before anything is known of a host."""
STEP: Final = 1
FEWER: Final = 0.7
"""Part of the best rate below which a limit serves fewer."""
NOT_FEWER: Final = 0.9
OLDEST_PART: Final = 8
"""Of the fetches under way, one in so many may be older than the age by which they are judged: some images are just large."""
WINDOW_SECONDS: Final = 0.5
"""Shortest time over which a limit is judged."""
HOLD_SECONDS: Final = 120.0
"""How long a limit that served fewer is not tried again; doubled each time, up to `LONGEST_HOLD`."""
LONGEST_HOLD: Final = 1800.0
PUSHED_BACK_SECONDS: Final = 60.0
"""How long the limit stays halved after a host asked for fewer requests (429 or 503)."""
MOST_SET: Final = 1000
"""The largest limit that can be set for a host: as many slots as a worker can have."""
_AGING: Final = 0.05
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_NO_HOST: Final = re.compile(r"[/?#@\\\s]")
"""What would make the rest of an address of it."""


def parse_host_limits(text: str) -> dict[str, int]:
    """Read `host=number` or `host:port=number`, separated by commas, by host as a row's `source_host` is. Raises ValueError.

    Ports 80 and 443 are those that addresses do not name: `host:443` is `host`.
    """
    limits = dict[str, int]()
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        written, equals, number = part.partition("=")
        host = _host(written) if equals else ""
        if not host or not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MOST_SET:
            raise ValueError(
                f"each entry must look like images.example.com=256 or images.example.com:8080=256, "
                f"with a port up to 65535 and a number from 1 to {MOST_SET}"
            )
        if host in limits:
            raise ValueError(f"names {host} twice; ports 80 and 443 are the same as none")
        limits[host] = int(number)
    return limits


def _host(written: str) -> str:
    """Return the host as a row's `source_host` is, empty if there can be none such."""
    if _NO_HOST.search(written):
        return ""
    try:
        return parse_url(f"http://{written.removesuffix(':443')}/").authority
    except UrlError:
        return ""


@dataclass(slots=True)
class HostLimit:
    """The limit of one host. Times are seconds of a clock that never goes back; `most` bounds the limit."""

    most: int = MOST_FOUND
    limit: float = FIRST
    _at_ease: float | None = None
    _best: float = 0.0
    _best_limit: float = FIRST
    _ceiling: float = float("inf")
    _hold: float = HOLD_SECONDS
    _held_until: float = 0.0
    _pushed_back_until: float = 0.0
    _changed: float = 0.0
    _ended: int = 0
    _seconds: float = 0.0
    _looks: int = 0
    _seen: int = 0
    """Fetches under way, summed over the looks."""
    _settles: bool = False
    """Whether fetches from before it fell are still under way: they slow down those that came later."""
    _wanted: bool = False
    _doubling: bool = True
    _falls: int = 0
    """How often in a row it was too slow: more than once, and fewer at once did not help."""

    def allowed(self, now: float) -> int:
        """Return how many fetches may be under way at once."""
        limit = min(self.limit, self.most)
        return max(1, int(limit / 2 if now < self._pushed_back_until else limit))

    def refused(self) -> None:
        """Record that the limit kept a fetch from starting: only a limit that is reached is judged."""
        self._wanted = True

    def pushed_back(self, now: float) -> None:
        """Record that the host asked for fewer requests."""
        self._pushed_back_until = now + PUSHED_BACK_SECONDS

    def fetched(self, began: float, now: float) -> None:
        """Record a fetch that ended; those that began under another limit say nothing of this one."""
        if began >= self._changed:
            self._ended += 1
            self._seconds += now - began

    def judge(self, under_way: Sequence[float], now: float) -> None:
        """Change the limit if enough is known of it; `under_way` is when the fetches under way began, oldest first.

        Call it once a second, and after a fetch: a host that has become slow is known before any of its fetches ends.
        """
        if self._settles:
            self._settle(under_way, now)
            return
        self._looks += 1
        self._seen += len(under_way)
        if now - self._changed < max(WINDOW_SECONDS, 2 * (self._at_ease or 0.0)):
            return
        ages = [now - began for began in under_way if began >= self._changed]
        enough = self.limit / 2
        # Of the oldest: while only those beyond what the host serves are slow, half of what is under way looks at ease.
        age = ages[len(ages) // OLDEST_PART] if len(ages) >= enough else 0.0
        if self._ended < enough and (self._at_ease is None or not is_slow(age, self._at_ease)):
            return
        mean = self._seconds / self._ended if self._ended else 0.0
        seconds = max(mean, age)
        if self._ended >= enough and (self._at_ease is None or mean < self._at_ease):
            self._at_ease = mean
        wanted, self._wanted = self._wanted, False
        if seconds and self._at_ease is not None and wanted:
            self._move(min(self.limit, self._seen / self._looks + 1), seconds, self._at_ease, now)
        self._begin_window()

    def _settle(self, under_way: Sequence[float], now: float) -> None:
        """Begin to judge the lower limit once no fetch from before is under way."""
        if not under_way or under_way[0] >= self._changed:
            self._settles, self._changed = False, now
            self._begin_window()

    def _begin_window(self) -> None:
        self._ended, self._seconds, self._looks, self._seen = 0, 0.0, 0, 0

    def _move(self, at_once: float, seconds: float, at_ease: float, now: float) -> None:
        """Judge a window in which so many were under way at once and took so many seconds."""
        rate = at_once / seconds
        slow = is_slow(seconds, at_ease)
        if slow:
            self._at_ease = at_ease + _AGING * (seconds - at_ease)  # a host that stays slow is judged by what it is
        elif rate > self._best:
            self._best, self._best_limit = rate, min(self.limit, math.ceil(at_once))
        else:
            self._best += _AGING * (rate - self._best)
        if slow and rate < FEWER * self._best:
            self._fall_back(now)
        elif not slow:
            self._is_well(now)
            serves_well = rate >= NOT_FEWER * self._best or self.limit < self._best_limit or now >= self._held_until
            if serves_well and at_once >= USED * self.limit:
                self._grow(now)

    def _is_well(self, now: float) -> None:
        """Forget the ceiling after a slowdown that fewer fetches at once did not end: it was not for their number."""
        if self._falls > 1:
            self._ceiling, self._held_until, self._hold = float("inf"), now + HOLD_SECONDS, HOLD_SECONDS
        self._falls = 0

    def _fall_back(self, now: float) -> None:
        self._falls += 1
        self._ceiling = min(self._ceiling, self.limit)
        self._best *= NOT_FEWER  # what was best once need not stay possible
        self._doubling = False
        self._held_until = now + self._hold
        self._hold = min(LONGEST_HOLD, 2 * self._hold)
        best_below = self._best_limit if self._best_limit < self.limit else DECREASE * self.limit
        self._set(max(LEAST, min(best_below, self.limit - STEP)), now)
        self._settles = True

    def _grow(self, now: float) -> None:
        wider = 2 * self.limit if self._doubling else self.limit + STEP
        if wider >= self._ceiling:
            if now < self._held_until and self.limit + STEP >= self._ceiling:
                return
            wider = self.limit + STEP
        if now >= self._held_until:
            self._ceiling = float("inf")
        self._set(min(wider, self.most), now)

    def _set(self, limit: float, now: float) -> None:
        if limit != self.limit:
            self.limit, self._changed = limit, now
