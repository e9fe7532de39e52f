"""When a limit on work at once is too high, and how far it falls: the same for the fetches of a host and the slots of a worker."""

from typing import Final

SLOWER: Final = 2.0
SLOWER_BY: Final = 0.1
"""What serves is slow when it takes so many times as long as at ease, and so many seconds more."""
USED: Final = 0.8
"""Part of a limit that has to be under way before it grows: one that is not used proves nothing."""
DECREASE: Final = 0.75
"""Part of a limit to which it falls."""


def is_slow(seconds: float, at_ease: float) -> bool:
    """Return whether what serves has too much to do, by the seconds it takes and those it takes at ease."""
    return takes_longer(seconds, at_ease, SLOWER, SLOWER_BY)


def takes_longer(seconds: float, at_ease: float, times: float, by: float) -> bool:
    """Return whether the seconds are more than so many times those at ease, and so many more."""
    return seconds > times * at_ease + by
