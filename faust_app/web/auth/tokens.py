"""Authenticates requests, by a bearer token or by the session of an account, and checks what they may do."""

import base64
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote

from aiohttp import web

from faust_app.core.operators.access import Sender
from faust_app.core.operators.audit import Actor
from faust_app.web.auth.entrance import Entrance
from faust_app.web.auth.rate_limits import RateLimits
from faust_app.web.auth.rules import ENTER, READS, is_for_people, is_report, needed_scope, refuse_foreign_shop
from faust_app.web.auth.token_book import Token, TokenBook
from faust_app.web.problems import Handler, Problem, wants_page

LOG_IN: Final = "/admin/log-in"
START: Final = "/admin"
"""The page that a log-in leads to when nothing else was asked for."""
_MAX_TARGET: Final = 2000
_SENDER: Final = web.RequestKey("sender", Sender)
_REMOTE: Final = web.RequestKey("remote", str)

Identify = Callable[[str], Awaitable[Sender | None]]
"""Returns whose session a cookie's token opens."""


class IdentifyVisit(Protocol):
    """Finds the shop whose session a token opens; `framed` says that it came in a header, from a page in a frame, not as a cookie."""

    async def __call__(self, token: str, *, framed: bool) -> Sender | None:
        """Return the shop as a sender; None if the session is over, or of the other kind."""
        ...


def sender_of(request: web.Request) -> Sender:
    """Return who sent an authenticated request, with scopes and shops."""
    return request[_SENDER]


def sender_or_none(request: web.Request) -> Sender | None:
    """Return who sent a request, None where nobody was asked for a name, or nobody gave one."""
    return request.get(_SENDER)


def remote_of(request: web.Request) -> str | None:
    """Return the address that a request came from, behind our own proxies."""
    remote: str | None = request.get(_REMOTE, request.remote)
    return remote


def actor_of(request: web.Request) -> Actor:
    """Return who sent an authenticated request, for the audit."""
    return Actor(sender_of(request).name, remote_of(request))


class Authentication:
    """A middleware that rejects every request whose sender is unknown or may not do this.

    `identify` finds the sender of a session; without it there are tokens only, as on a worker. `identify_visit` finds that of a
    shop's session, which opens the shop's pages and nothing else. `limits` hold each token to its rate.
    """

    def __init__(
        self,
        tokens: Sequence[Token] | TokenBook,
        identify: Identify | None = None,
        entrance: Entrance | None = None,
        limits: RateLimits | None = None,
        *,
        identify_visit: IdentifyVisit | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        self._tokens = tokens if isinstance(tokens, TokenBook) else TokenBook.of(tokens)
        self._identify_visit = identify_visit
        self._identify = identify
        self._entrance = entrance or Entrance()
        self._limits = limits
        self._now = now

    @property
    def middleware(self) -> object:
        """The middleware for aiohttp."""

        @web.middleware
        async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (remote := self._entrance.remote(request)) is not None:
                request[_REMOTE] = remote
            if is_for_people(request.path):
                self._entrance.refuse_foreign_host(request)
            scope = needed_scope(request.method, request.path)
            if (request.path.startswith("/admin") or request.path == ENTER) and request.method not in READS:
                self._entrance.refuse_foreign_origin(request)  # also of whoever logs in, who is not known yet
            if scope is None:
                return await handler(request)
            sender = await self._sender(request)
            if sender is None:
                return to_log_in(request)
            request[_SENDER] = sender
            self._refuse(request, sender, scope)
            if self._limits is not None:
                self._limits.admit(sender)
            return await handler(request)

        return authenticate

    def _refuse(self, request: web.Request, sender: Sender, scope: str) -> None:
        """Raise Problem if the sender may not do this."""
        if sender.is_person:
            self._entrance.refuse_foreign_host(request)
            if request.method not in READS:  # browsers also send what other sites make them send
                self._entrance.refuse_foreign_origin(request)
        if not sender.may(scope):
            raise Problem(403, f"{sender.name} lacks the scope {scope}")
        refuse_foreign_shop(sender, request)

    async def _sender(self, request: web.Request) -> Sender | None:
        """Return the sender; None for a page of the web process, where a person can log in. Raises Problem."""
        reads = request.method in READS
        secret = _secret(request.headers.get("Authorization", ""), basic=reads)
        if secret:
            return await self._visit(request, secret, framed=True) or self._sender_of(secret, request)
        token = request.cookies.get(self._entrance.cookie) if self._identify is not None else None
        if token and self._identify is not None and (sender := await self._identify(token)) is not None:
            return sender
        if visit := await self._visit(request, request.cookies.get(self._entrance.visit_cookie), framed=False):
            return visit
        person = self._identify is not None and (request.path.startswith("/admin") or wants_page(request))
        if not person or "Authorization" in request.headers:
            raise Problem(401, "send the header `Authorization: Bearer <token>`", headers=_challenge(request))
        return None

    async def _visit(self, request: web.Request, token: str | None, *, framed: bool) -> Sender | None:
        """Return the shop whose session the token opens, on the pages of shops alone."""
        if self._identify_visit is None or not token or not is_report(request.path):
            return None
        return await self._identify_visit(token, framed=framed)

    def _sender_of(self, secret: str, request: web.Request) -> Sender:
        """Return the sender that a token names; compares with every token, in constant time."""
        given = secret.encode("utf-8", "surrogateescape")
        matches = [token for token in self._tokens.tokens if hmac.compare_digest(token.secret.encode(), given)]
        if not matches:
            raise Problem(401, "this token is unknown", headers=_challenge(request))
        if not matches[0].counts_at(self._now()):
            raise Problem(401, "this token has ended; use the one that took its place", headers=_challenge(request))
        return Sender(matches[0].name, matches[0].scopes, matches[0].shops)


def to_log_in(request: web.Request) -> web.StreamResponse:
    """Send a person to the log-in page, and from there back to what was asked for.

    Raises Problem on a page of a shop, whose people have no log-in here.
    """
    target = local_target(request.path_qs) if request.method in READS else START
    address = f"{LOG_IN}?to={quote(target, safe='/')}"
    if "HX-Request" in request.headers and not is_report(
        request.path
    ):  # a script follows redirects by itself, and would show the form inside of the page
        return web.Response(status=204, headers={"HX-Redirect": address})
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method in READS:
        # A SameSite=Strict cookie stays away when another site's link is followed. The page asks again as itself, with it.
        return web.Response(text=_AGAIN, content_type="text/html", headers={**_AGAIN_HEADERS, "Refresh": f"0; url={target}"})
    if is_report(request.path):
        raise Problem(401, _NOT_IN, headers={"WWW-Authenticate": _CHALLENGE})
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def local_target(text: str) -> str:
    """Return the address if it is a path on this site that no browser reads as another site, else that of the first page."""
    local = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if local and len(text) <= _MAX_TARGET else START


_AGAIN: Final = '<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>shop-images</title><p>One moment.</p>'
_AGAIN_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}


_NOT_IN: Final = (
    "nobody is logged in here, or no longer; open this page again from the administration of your shop (operators: from /admin/log-in)"
)
_CHALLENGE: Final = 'Bearer realm="shop-images"'
_CHALLENGE_BROWSER: Final = 'Basic realm="shop-images: any user and a token as password", charset="UTF-8"'


def _challenge(request: web.Request) -> dict[str, str]:
    browser = request.method in READS and wants_page(request)
    return {"WWW-Authenticate": _CHALLENGE_BROWSER if browser else _CHALLENGE}


def _secret(header: str, *, basic: bool) -> str:
    """Return the token of a header, empty if there is none.

    A browser cannot send a bearer token, so it may send the token as a password, but only to read: browsers also send
    passwords with requests that other sites trigger.
    """
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic" and basic:
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""
