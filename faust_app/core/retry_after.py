"""How long a server asks us to wait: the header Retry-After, of sources and of the messenger alike (RFC 9110, 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

MAX_RETRY_AFTER: Final = 3600.0
"""Most seconds that a server may ask for; more is cut."""
_DIGITS: Final = 9
"""Digits that are read of a number: more would be cut anyway."""
_REMEMBERED: Final = 256
"""Dates that are not parsed again: all answers of one second have the same."""


def retry_after(text: str | None, *, answered: str | None, now: datetime) -> float | None:
    """Return the wait in seconds, between 0 and MAX_RETRY_AFTER; None where the header is missing or cannot be read.

    `text` is Retry-After, in seconds or as a date; `answered` is the answer's own Date, and `now` (with a zone) counts
    instead where that cannot be read.
    """
    text = (text or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:_DIGITS]), MAX_RETRY_AFTER)
    at = http_date(text)
    if at is None:
        return None
    return min(max((at - (http_date(answered) or now)).total_seconds(), 0.0), MAX_RETRY_AFTER)


@lru_cache(_REMEMBERED)
def http_date(text: str | None) -> datetime | None:
    """Return the time of a date in a header, with a zone; None where it cannot be read."""
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
