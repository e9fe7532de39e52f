"""What a source's answer means: its status by our names, when to come back, and which of its headers may be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.failure import Failure, FailureCode, Permanent, of_source
from faust_app.core.foreign import plain_ascii
from faust_app.core.retry_after import http_date, retry_after
from faust_app.core.sources.content import Validators

_TRUSTED_AGE: Final = timedelta(seconds=60)
"""A Last-Modified younger than this may hide a second change within its second (RFC 9110, 8.8.2.2)."""

_ETAG_CHARACTERS: Final = 512
_DATE_CHARACTERS: Final = 40
"""What the columns hold."""

_CODES: Final = {
    401: FailureCode.SOURCE_UNAUTHORIZED,
    403: FailureCode.SOURCE_FORBIDDEN,
    404: FailureCode.SOURCE_NOT_FOUND,
    408: FailureCode.SOURCE_BUSY,
    410: FailureCode.SOURCE_GONE,
    425: FailureCode.SOURCE_BUSY,
    429: FailureCode.SOURCE_BUSY,
    451: FailureCode.SOURCE_BLOCKED_BY_LAW,
}
_ASK_FOR_LESS: Final = {429, 503}
_ANY_4XX: Final = range(400, 500)
"""The client's fault, as HTTP says."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The least a source has to send: after `grace` seconds never less than `rate` bytes a second on average."""

    grace: float = 5.0
    rate: float = 10_000.0

    def patience(self, received: int) -> float:
        """Return how many seconds after the answer began the next byte is due at the latest."""
        return max(self.grace, received / self.rate)


PACE: Final = Pace()


def refused(status: int, headers: Mapping[str, str], now: datetime) -> Failure:
    """Name a status other than success; `now` (with a zone) is when it was received."""
    any_other = FailureCode.SOURCE_REFUSED if status in _ANY_4XX else FailureCode.SOURCE_ERROR
    wait = retry_after(headers.get("Retry-After"), answered=headers.get("Date"), now=now)
    detail = f"The source answered with status {status}."
    return of_source(_CODES.get(status, any_other), detail, retry_after=wait, asks_for_less=status in _ASK_FOR_LESS)


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
    changed, answered = http_date(modified), http_date(headers.get("Date"))
    settled = changed is not None and answered is not None and answered - changed >= _TRUSTED_AGE
    return Validators(strong, modified if settled else None)
