"""Positions of results: one order of all of them, that never goes back."""

from datetime import UTC, datetime


def first_position(last: int, now: datetime) -> int:
    """Return the next position: above the last one, and never below the clock in microseconds.

    A database that is set back to a backup gives no position twice: neither a reader's cursor nor its rule that the higher
    position is the newer result is wrong afterwards.
    """
    return max(last + 1, position_at(now))


def position_at(at: datetime) -> int:
    """Return the lowest position that is given from this time (UTC without a zone) on."""
    return int(at.replace(tzinfo=UTC).timestamp() * 1_000_000)
