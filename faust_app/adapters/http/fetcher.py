"""Downloads from the shops' sources over HTTP, within their limits."""

import asyncio
import errno
import ssl
from datetime import UTC, datetime
from typing import Final, Self

import aiodns
import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from faust_app.adapters.http.address_guard import GuardedConnector
from faust_app.adapters.http.fetch_timer import FetchTimer
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient, without_frames
from faust_app.core.messages.source_url import FetchUrl, UrlError, follow, parse_url
from faust_app.core.redact import redact_query
from faust_app.core.sources.addresses import parse_opened, parse_ports
from faust_app.core.sources.content import NO_VALIDATORS, Fetched, NotModified, Observed, Redirect, Validators
from faust_app.core.sources.response import PACE, Pace, check_announcement, refused, validators
from faust_app.metrics import Metrics
from faust_app.metrics.pools import watch_connector
from faust_app.settings import Settings

MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_TYPE_CHARACTERS: Final = 100
_NAME_SECONDS: Final = 3.0
"""Until one name server is asked again, and then given up."""


class HttpFetcher:
    """Implements `flows.ports.transfer.Fetcher`: one session, no cookies, nothing decompressed, redirects followed by hand.

    Every connection, that of a redirect too, goes to addresses that `core.sources.addresses` permits. A download holds at most
    MAX_IMAGE_BYTES in memory, so all of a worker's slots together hold that many times as much.
    """

    def __init__(
        self, settings: Settings, metrics: Metrics | None = None, *, resolver: AbstractResolver | None = None, pace: Pace = PACE
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._max_bytes = settings.max_image_bytes
        self._opened = parse_opened(settings.source_allow or "")
        self._ports = parse_ports(settings.source_ports)
        self._pace = pace
        self._resolver = resolver
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._resolver = self._resolver or aiohttp.AsyncResolver(timeout=_NAME_SECONDS, tries=2)
        connector = GuardedConnector(self._opened, limit=self._settings.slots, ttl_dns_cache=30, resolver=self._resolver)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.fetch_connect_timeout),
            headers={"User-Agent": self._settings.user_agent, "Accept": "image/*", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=16 * 1024,
        )
        if self._metrics is not None:
            watch_connector(self._metrics, "sources", connector)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body, or NotModified where validators were given and hold. Raises Permanent or Transient."""
        return await self._fetch(_Way(self._checked(url)), validators)

    async def observe(self, url: str) -> Observed:
        """Return what a fetch of the address met, by the rules of every image."""
        try:
            way = _Way(self._checked(url))
        except Failure as failure:
            return Observed(None, (), None, failure)
        outcome: Fetched | Failure
        try:
            fetched = await self._fetch(way, NO_VALIDATORS)
            outcome = fetched if isinstance(fetched, Fetched) else Transient(FailureCode.SOURCE_ERROR, "The source answered 304.")
        except Failure as failure:
            outcome = without_frames(failure)
        return Observed(way.status, tuple(way.redirects), way.announced_type, outcome)

    async def _fetch(self, way: "_Way", validators: Validators) -> Fetched | NotModified:
        try:
            with FetchTimer(self._settings.fetch_timeout, self._pace) as timer:
                return await self._follow(way, validators, timer)
        except Failure as failure:
            way.name_host(failure)
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            translated = _translated(error, heard=way.heard)
            way.name_host(translated)
            raise translated from error

    async def connects(self, origin: str) -> bool:
        """Return whether anything was heard from the origin, be it that it refuses the connection."""
        try:
            async with asyncio.timeout(self._settings.fetch_connect_timeout), self._session.head(origin, allow_redirects=False):
                return True
        except aiohttp.ClientConnectorError as error:
            return not isinstance(error, aiohttp.ClientConnectorDNSError) and not _is_silent(error.os_error)
        except (TimeoutError, Permanent):  # its address is refused
            return False
        except (aiohttp.ClientError, OSError, ValueError):
            return True

    async def _follow(self, way: "_Way", known: Validators, timer: FetchTimer) -> Fetched | NotModified:
        conditions = _conditions(known)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._session.get(_sent(way.now), headers=conditions, allow_redirects=False) as answer:
                way.heard, way.status = True, answer.status
                if answer.status not in _REDIRECTS:
                    way.announced_type = answer.headers.get("Content-Type", "")[:_TYPE_CHARACTERS] or None
                    return await self._read(answer, timer, conditional=bool(conditions))
                target = self._next(way.now, answer.headers.get("Location"))
                way.redirects.append(Redirect(answer.status, _shown(target)))
            way.now, way.heard = target, False
            self._check_port(target)
        raise Permanent(FailureCode.TOO_MANY_REDIRECTS, f"The address redirects more than {MAX_REDIRECTS} times.")

    def _checked(self, url: str) -> FetchUrl:
        """Return the URL if it is one we fetch; its address is judged when it is connected to. Raises Permanent."""
        try:
            target = parse_url(url)
        except UrlError as error:
            raise Permanent(FailureCode.BAD_ADDRESS, f"The address {error}.") from error
        self._check_port(target)
        return target

    def _check_port(self, target: FetchUrl) -> None:
        port = target.effective_port
        if port not in self._ports and not self._opened.names(target.host, port):
            raise Permanent(FailureCode.PORT_REFUSED, f"The address names port {port}.")

    def _next(self, current: FetchUrl, location: str | None) -> FetchUrl:
        """Return where a redirect leads. Raises Transient and Permanent."""
        if not location:
            raise Transient(FailureCode.SOURCE_ERROR, "The source redirects without saying where to.")
        try:
            target = follow(current, location)
        except UrlError as error:
            raise Permanent(FailureCode.BAD_ADDRESS, f"The address that the source redirects to {error}.") from error
        if current.scheme == "https" and target.scheme == "http":
            raise Permanent(FailureCode.BAD_ADDRESS, "The source redirects from https to http.")
        return target

    async def _read(self, answer: aiohttp.ClientResponse, timer: FetchTimer, *, conditional: bool) -> Fetched | NotModified:
        if answer.status == 304 and conditional:  # noqa: PLR2004 - Not Modified
            return NotModified()
        if answer.status != 200:  # noqa: PLR2004 - anything else carries no image
            raise refused(answer.status, answer.headers, datetime.now(UTC))
        check_announcement(answer.headers, answer.content_length, self._max_bytes)
        content = await self._body(answer, timer)
        if not content:
            raise Permanent(FailureCode.EMPTY, "The source answered 200 with an empty body.")
        return Fetched(content, validators(answer.headers))

    async def _body(self, answer: aiohttp.ClientResponse, timer: FetchTimer) -> bytes:
        """Read the body in the pieces it comes in; what is received is counted and timed, whatever was announced."""
        pieces, size = [], 0
        timer.body_begins()
        while piece := await answer.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > self._max_bytes:
                raise Permanent(FailureCode.TOO_LARGE, f"The source sent more than {self._max_bytes} bytes.")
            timer.received = size
        if answer.content_length is not None and size != answer.content_length:
            raise Transient(FailureCode.SOURCE_SHORT, f"The source sent {size} of {answer.content_length} bytes.")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Way:
    """Current URL of a fetch, across redirects."""

    def __init__(self, first: FetchUrl) -> None:
        self._first = first
        self.now = first
        self.heard = False
        """Whether the host has begun to answer: from then on it is slow, not silent."""
        self.status: int | None = None
        self.announced_type: str | None = None
        self.redirects: list[Redirect] = []

    def name_host(self, failure: Failure) -> None:
        """Name the host in a failure that another host than the first one caused."""
        if self.now.authority != self._first.authority:
            failure.at(self.now.authority)


def _sent(target: FetchUrl) -> URL:
    """Return the URL for aiohttp. The whole target is given as its path, which is sent as it is: an empty query is kept."""
    return URL.build(scheme=target.scheme, authority=target.authority, path=target.target, encoded=True)


def _shown(target: FetchUrl) -> str:
    """Return the URL as people may see it: without the query string, which may carry a signature."""
    return redact_query(f"{target.scheme}://{target.authority}{target.target}")


def _conditions(known: Validators) -> dict[str, str]:
    conditions = {}
    if known.etag:
        conditions["If-None-Match"] = known.etag
    if known.modified:
        conditions["If-Modified-Since"] = known.modified
    return conditions


def _translated(error: Exception, *, heard: bool) -> Failure:
    """Name an error of aiohttp, of the socket below it, or of a header nobody can read.

    Its text plays no part in what is told: it may hold the URL, and with it a signature.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return Permanent(FailureCode.BAD_CERTIFICATE, "The certificate of the source is not valid for its name.")
        case aiohttp.InvalidURL():
            return Permanent(FailureCode.BAD_ADDRESS, "The address is none that can be sent.")
        case aiohttp.ClientConnectorError():
            return _unconnected(error)
        case ssl.SSLError():
            return Transient(FailureCode.SOURCE_TLS, "The secure connection to the source failed.")
        case aiohttp.ConnectionTimeoutError():
            return Transient(FailureCode.SOURCE_UNREACHABLE, "The source took no connection in time.", silent=True)
        case TimeoutError():
            return Transient(FailureCode.SOURCE_TIMEOUT, "The source gave no whole answer in time.", silent=not heard)
        case aiohttp.ClientPayloadError() if "ConnectionReset" not in str(error):
            return Transient(FailureCode.SOURCE_SHORT, "The source ended its answer before the end that it announced.")
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionError() | aiohttp.ClientOSError():
            return Transient(FailureCode.SOURCE_RESET, "The source broke the connection off.")
        case _:
            return Transient(FailureCode.SOURCE_ERROR, "What the source answers is not valid HTTP.")


def _unconnected(error: aiohttp.ClientConnectorError) -> Failure:
    """Return where on the way to a connection it failed: name, socket, or TLS, in which a peer may also hang up."""
    cause = error.os_error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Transient(FailureCode.SOURCE_UNKNOWN_HOST, "The name of the host has no address.", silent=not _is_denied(cause))
    hung_up = error.ssl is not False and isinstance(cause, ConnectionResetError | ConnectionAbortedError)
    if hung_up or isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return Transient(FailureCode.SOURCE_TLS, "The source broke off while a secure connection was made.")
    if isinstance(cause, ConnectionRefusedError):
        return Transient(FailureCode.SOURCE_UNREACHABLE, "The source refuses connections.")
    return Transient(FailureCode.SOURCE_UNREACHABLE, "There is no way to the address of the source.", silent=_is_silent(cause))


_DENIALS: Final = {aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA}


def _is_denied(error: OSError) -> bool:
    """Return whether a resolver answered that there is no such name; without its error, there was no address in its answer."""
    cause = error.__cause__
    return not isinstance(cause, aiodns.error.DNSError) or cause.args[0] in _DENIALS


def _is_silent(error: OSError) -> bool:
    """Return whether a connection failed without a word of the other side; one of several addresses that refused is a word."""
    return not (isinstance(error, ConnectionRefusedError | PermissionError) or f"[Errno {errno.ECONNREFUSED}]" in str(error))
