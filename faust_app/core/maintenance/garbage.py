"""Whether the garbage collector may delete: not while the database is older than the bucket, nor far too much at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

COUNTER: Final = "collector/passes/"
"""Prefix of the keys that count passes, the number behind it; one key a pass, so that a late PUT hides none."""
LEAST_TO_STOP: Final = 1000
"""A pass of up to this many due entries is never too much, however few images there are."""
SHARE_TO_STOP: Final = 0.01
"""Share of all images above which a pass is too much: one shop of many does not replace so many at once, a mistake does."""

_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class CollectorState:
    """The collector's state in the database; `audited_to` is the last key of the bucket that was audited.

    What was due by `allowed_before` (UTC) may be deleted, whatever its number.
    """

    passes: int = 0
    audited_to: str = ""
    allowed_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class GarbageCounts:
    """The numbers of listed and of due entries, and the shops with most due ones."""

    listed: int
    due: int
    shops: tuple[tuple[int, int], ...] = ()


def counter_key(passes: int) -> str:
    """Return the key that records this many passes."""
    return f"{COUNTER}{passes}"


def passes_in_bucket(keys: Iterable[str]) -> int | None:
    """Return how many passes the bucket has recorded, by the keys of its counter; None if one is not a number."""
    numbers = [key.removeprefix(COUNTER) for key in keys]
    if not all(number.isascii() and number.isdigit() and len(number) <= _DIGITS for number in numbers):
        return None
    return max(map(int, numbers), default=0)


def went_back(state: CollectorState, in_bucket: int | None) -> str | None:
    """Return why the database must be older than the bucket, None if it is not.

    A pass is counted in the database first, then in the bucket, then it deletes: a bucket that is ahead has seen a pass that
    the database forgot. The rows may show objects that this pass deleted.
    """
    if in_bucket is None:
        return f"a key under {COUNTER} in the bucket is not a number"
    if in_bucket > state.passes:
        return f"the bucket has seen {in_bucket} passes of the collector, the database {state.passes}"
    return None


def most_of_a_pass(images: int) -> int:
    """Return how many due entries a pass may have without an operator's approval."""
    return max(LEAST_TO_STOP, int(images * SHARE_TO_STOP))
