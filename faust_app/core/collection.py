"""May the collector delete at all? Not while the database is older than the bucket, and not far too much at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

COUNTER: Final = "collector/passes/"
"""What the key of the newest pass begins with, its number behind it; a key a pass, so that a late PUT hides none."""
LEAST_TO_STOP: Final = 1000
"""Due entries up to which a pass is never too much, however few images there are."""
SHARE_TO_STOP: Final = 0.01
"""Share of the images above which a pass is too much: no shop of many replaces so many at once, a mistake does."""

_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class CollectorState:
    """What the database knows of the collector; `audited_to` is the last key of the bucket that was looked at.

    What was due by `allowed_before` (UTC) may be deleted however much it is.
    """

    passes: int = 0
    audited_to: str = ""
    allowed_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class GarbageCounts:
    """Entries that are listed and due, and the shops with most that is due."""

    listed: int
    due: int
    shops: tuple[tuple[int, int], ...] = ()


def counter_key(passes: int) -> str:
    """Return the key that tells of so many passes."""
    return f"{COUNTER}{passes}"


def passes_in_bucket(keys: Iterable[str]) -> int | None:
    """Return how many passes the bucket has seen by the keys of its counter, None where one cannot be read."""
    numbers = [key.removeprefix(COUNTER) for key in keys]
    if not all(number.isascii() and number.isdigit() and len(number) <= _DIGITS for number in numbers):
        return None
    return max(map(int, numbers), default=0)


def went_back(state: CollectorState, in_bucket: int | None) -> str | None:
    """Return why the database must be older than the bucket, None when it is not.

    A pass is counted in the database first, then in the bucket, then it deletes: a bucket that is ahead has seen a pass
    that the database forgot. What that pass deleted may be what the rows show now.
    """
    if in_bucket is None:
        return f"a key under {COUNTER} in the bucket is no number"
    if in_bucket > state.passes:
        return f"the bucket has seen {in_bucket} passes of the collector, the database {state.passes}"
    return None


def most_of_a_pass(images: int) -> int:
    """Return how many due entries a pass may have without anybody's leave."""
    return max(LEAST_TO_STOP, int(images * SHARE_TO_STOP))
