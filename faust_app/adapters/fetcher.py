"""Downloads from the shops' sources over HTTP, within their limits."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Final, Self

import aiohttp
from yarl import URL

from faust_app.core.content import Fetched, NotModified, Validators
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.settings import Settings

MAX_REDIRECTS: Final = 3
MAX_RETRY_AFTER: Final = 3600.0
"""Seconds; a source that asks for more is tried after this."""
_TRUSTED_AGE: Final = timedelta(seconds=60)
"""A Last-Modified younger than this may hide a second change within its second (RFC 9110, 8.8.2.2)."""

_PERMANENT: Final = {
    401: FailureCode.SOURCE_UNAUTHORIZED,
    403: FailureCode.SOURCE_FORBIDDEN,
    404: FailureCode.SOURCE_NOT_FOUND,
    410: FailureCode.SOURCE_GONE,
    451: FailureCode.SOURCE_BLOCKED_BY_LAW,
}
_BUSY: Final = {408, 425, 429}
_REDIRECTS: Final = {301, 302, 303, 307, 308}


class HttpFetcher:
    """Implements `flows.ports.Fetcher`: one session, no cookies, nothing decompressed, redirects followed by hand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._max_bytes = settings.max_image_bytes
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        contact = f" (+{self._settings.contact_url})" if self._settings.contact_url else ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.slots, ttl_dns_cache=30),
            timeout=aiohttp.ClientTimeout(total=self._settings.fetch_timeout, sock_connect=self._settings.fetch_connect_timeout),
            headers={"User-Agent": f"shop-images/{version('shop-images')}{contact}", "Accept": "image/*", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=16 * 1024,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body, or NotModified where validators were given and hold. Raises Permanent or Transient."""
        try:
            async with asyncio.timeout(self._settings.fetch_timeout):
                return await self._follow(url, validators)
        except Failure:
            raise
        except TimeoutError as error:
            raise Transient(FailureCode.SOURCE_TIMEOUT, f"no whole answer within {self._settings.fetch_timeout:.0f} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error) from error

    async def connects(self, origin: str) -> bool:
        """Tell whether the origin lets us connect, whatever it answers."""
        try:
            async with asyncio.timeout(self._settings.fetch_connect_timeout), self._session.head(origin, allow_redirects=False):
                return True
        except (aiohttp.ClientConnectorError, TimeoutError):
            return False
        except (aiohttp.ClientError, OSError, ValueError):
            return True

    async def _follow(self, url: str, validators: Validators) -> Fetched | NotModified:
        target = _checked(url)
        conditions = _conditions(validators)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._session.get(target, headers=conditions, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await self._read(answer, conditional=bool(conditions))
                target = _next(target, answer.headers.get("Location"))
        raise Permanent(FailureCode.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")

    async def _read(self, answer: aiohttp.ClientResponse, *, conditional: bool) -> Fetched | NotModified:
        if answer.status == 304 and conditional:  # noqa: PLR2004 - Not Modified
            return NotModified()
        if answer.status != 200:  # noqa: PLR2004 - anything else carries no image
            raise _refusal(answer.status, answer.headers)
        content = await self._body(answer)
        if not content:
            raise Permanent(FailureCode.EMPTY, "200 with an empty body")
        return Fetched(content, _validators(answer.headers))

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        """Read the body in the pieces it comes in; what is received is counted, whatever was announced."""
        announced = answer.content_length
        if announced is not None and announced > self._max_bytes:
            raise Permanent(FailureCode.TOO_LARGE, f"{announced} bytes announced, {self._max_bytes} allowed")
        pieces, size = [], 0
        while piece := await answer.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > self._max_bytes:
                raise Permanent(FailureCode.TOO_LARGE, f"more than {self._max_bytes} bytes")
        if announced is not None and size != announced:
            raise Transient(FailureCode.SOURCE_RESET, f"{size} of {announced} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _checked(url: str) -> URL:
    """Return the URL if it is one we fetch. Raises Permanent."""
    try:
        target = URL(url)
    except ValueError as error:
        raise Permanent(FailureCode.BAD_ADDRESS, "not a valid URL") from error
    if target.scheme not in {"http", "https"} or not target.host or target.user is not None or target.password is not None:
        raise Permanent(FailureCode.BAD_ADDRESS, "not http or https, no host, or with a user name")
    return target


def _next(current: URL, location: str | None) -> URL:
    if not location:
        raise Transient(FailureCode.SOURCE_ERROR, "a redirect without a target")
    try:
        target = _checked(str(current.join(URL(location))))
    except ValueError as error:
        raise Permanent(FailureCode.BAD_ADDRESS, "a redirect to something that is not a URL") from error
    if current.scheme == "https" and target.scheme == "http":
        raise Permanent(FailureCode.BAD_ADDRESS, "a redirect from https to http")
    return target


def _conditions(validators: Validators) -> dict[str, str]:
    conditions = {}
    if validators.etag:
        conditions["If-None-Match"] = validators.etag
    if validators.modified:
        conditions["If-Modified-Since"] = validators.modified
    return conditions


def _validators(headers: Mapping[str, str]) -> Validators:
    """Return what may make the next fetch conditional: a strong ETag, a Last-Modified well before the answer's Date."""
    etag = headers.get("ETag")
    strong = etag if etag and etag.startswith('"') and len(etag) <= 512 else None  # noqa: PLR2004 - the column's width
    modified = headers.get("Last-Modified")
    changed, answered = _date(modified), _date(headers.get("Date"))
    settled = changed is not None and answered is not None and answered - changed >= _TRUSTED_AGE
    return Validators(strong, modified if settled and modified and len(modified) <= 40 else None)  # noqa: PLR2004 - as above


def _refusal(status: int, headers: Mapping[str, str]) -> Failure:
    """Name a status other than success: the table of design's failures."""
    detail = f"status {status}"
    if status in _PERMANENT:
        return Permanent(_PERMANENT[status], detail)
    if status in _BUSY:
        return Transient(FailureCode.SOURCE_BUSY, detail, retry_after=_retry_after(headers))
    if 400 <= status < 500:  # noqa: PLR2004 - the client's fault, as HTTP says
        return Permanent(FailureCode.SOURCE_REFUSED, detail)
    return Transient(FailureCode.SOURCE_ERROR, detail, retry_after=_retry_after(headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the source's wish in seconds, between 0 and MAX_RETRY_AFTER."""
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


def _translated(error: Exception) -> Failure:
    """Name an error of aiohttp, of the socket below it, or of a header nobody can read."""
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return Permanent(FailureCode.BAD_CERTIFICATE, name)
    if isinstance(error, aiohttp.ServerTimeoutError):
        return Transient(FailureCode.SOURCE_TIMEOUT, name)
    if isinstance(error, aiohttp.InvalidURL):
        return Permanent(FailureCode.BAD_ADDRESS, name)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Transient(FailureCode.SOURCE_UNREACHABLE, name)
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | ConnectionError):
        return Transient(FailureCode.SOURCE_RESET, name)
    return Transient(FailureCode.SOURCE_ERROR, name)
