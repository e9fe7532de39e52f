"""What a source's answer means: its status by our names, when to come back, and which of its headers may be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.foreign import plain_ascii
from faust_app.core.sources.content import Validators

MAX_RETRY_AFTER: Final = 3600.0
"""Seconds; a source that asks for more is tried after this."""
_TRUSTED_AGE: Final = timedelta(seconds=60)
"""A Last-Modified younger than this may hide a second change within its second (RFC 9110, 8.8.2.2)."""

_ETAG_CHARACTERS: Final = 512
_DATE_CHARACTERS: Final = 40
"""What the columns hold."""

_PERMANENT: Final = {
    401: FailureCode.SOURCE_UNAUTHORIZED,
    403: FailureCode.SOURCE_FORBIDDEN,
    404: FailureCode.SOURCE_NOT_FOUND,
    410: FailureCode.SOURCE_GONE,
    451: FailureCode.SOURCE_BLOCKED_BY_LAW,
}
_BUSY: Final = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Pace:
    """The least a source has to send: after `grace` seconds never less than `rate` bytes a second on average."""

    grace: float = 5.0
    rate: float = 10_000.0

    def patience(self, received: int) -> float:
        """Return how many seconds after the answer began the next byte is due at the latest."""
        return max(self.grace, received / self.rate)


PACE: Final = Pace()


def refused(status: int, headers: Mapping[str, str]) -> Failure:
    """Name a status other than success."""
    detail = f"The source answered with status {status}."
    if status in _PERMANENT:
        return Permanent(_PERMANENT[status], detail)
    if status in _BUSY:
        return Transient(FailureCode.SOURCE_BUSY, detail, retry_after=_retry_after(headers))
    if 400 <= status < 500:  # noqa: PLR2004 - the client's fault, as HTTP says
        return Permanent(FailureCode.SOURCE_REFUSED, detail)
    return Transient(FailureCode.SOURCE_ERROR, detail, retry_after=_retry_after(headers))


def check_announcement(headers: Mapping[str, str], length: int | None, max_bytes: int) -> None:
    """Check what the headers say of a body, before any of it is read. Raises Permanent.

    An encoded body is refused unread: we asked for none, and decoding a stranger's bytes is how small ones become large.
    """
    encodings = {part.strip().lower() for part in headers.get("Content-Encoding", "").split(",")}
    if encodings - {"", "identity"}:
        raise Permanent(FailureCode.CONTENT_ENCODED, "The answer has a Content-Encoding that we did not ask for.")
    if length is not None and length > max_bytes:
        raise Permanent(FailureCode.TOO_LARGE, f"The source announces {length} bytes; {max_bytes} are allowed.")


def validators(headers: Mapping[str, str]) -> Validators:
    """Return what may make the next fetch conditional: a strong ETag, a Last-Modified well before the answer's Date.

    Either is kept in the row and sent back, so only as printable ASCII that fits: without it the next fetch is a whole one.
    """
    etag = plain_ascii(headers.get("ETag"), _ETAG_CHARACTERS)
    strong = etag if etag and etag.startswith('"') else None
    modified = plain_ascii(headers.get("Last-Modified"), _DATE_CHARACTERS)
    changed, answered = _date(modified), _date(headers.get("Date"))
    settled = changed is not None and answered is not None and answered - changed >= _TRUSTED_AGE
    return Validators(strong, modified if settled else None)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait that the source asks for, in seconds, between 0 and MAX_RETRY_AFTER (RFC 9110, 10.2.3: seconds or a date)."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), MAX_RETRY_AFTER)
    at = _date(text)
    if at is None:
        return None
    return min(max((at - (_date(headers.get("Date")) or datetime.now(UTC))).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
