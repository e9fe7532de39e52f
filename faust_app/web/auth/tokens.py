"""Authenticates requests by bearer tokens, whose scopes come from a TOML file and decide what they may do on which path."""

import base64
import hmac
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from faust_app.core.operators.audit import Actor
from faust_app.web.negotiation import wants_page
from faust_app.web.problems import Handler, Problem

SCOPES: Final = frozenset({"intake", "view", "operate"})
_OPEN: Final = ("/health", "/ready")
_PUBLIC: Final = "/i/"
_OPERATED: Final = ("/v1/republish", "/v1/causes")
_SENDER: Final = web.RequestKey("sender", str)
"""Where a request keeps the name of its token."""


class TokensError(Exception):
    """The tokens file is not usable; the message names the file, the entry and the error."""


@dataclass(frozen=True, slots=True)
class Token:
    """One credential and what it may do."""

    name: str
    secret: str
    scopes: frozenset[str]


def read_tokens(path: Path | None) -> list[Token]:
    """Read the tokens; without a file there are none. Raises TokensError, whose message never repeats a token."""
    if path is None:
        return []
    try:
        entries = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TokensError(f"TOKENS_FILE {path}: {error}") from error
    return [_token(path, name, entry) for name, entry in entries.items()]


def _token(path: Path, name: str, entry: object) -> Token:
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str) or not entry["token"]:
        raise TokensError(f'TOKENS_FILE {path}: [{name}] needs token = "..."')
    scopes = entry.get("scopes")
    if not isinstance(scopes, list) or not scopes or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise TokensError(f"TOKENS_FILE {path}: [{name}] needs scopes, a list of {', '.join(sorted(SCOPES))}")
    return Token(name, entry["token"], frozenset(scopes))


def needed_scope(method: str, path: str) -> str | None:
    """Return the scope a request needs, None for a page that is open to all."""
    if path in _OPEN or path.startswith(_PUBLIC):
        return None
    if method in {"GET", "HEAD"} or not path.startswith("/v1/"):
        return "view"
    return "operate" if path.startswith(_OPERATED) else "intake"


def actor_of(request: web.Request) -> Actor:
    """Return who sent an authenticated request."""
    return Actor(request[_SENDER], request.remote)


class Authentication:
    """A middleware that rejects every request without a token of the needed scope."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens

    @property
    def middleware(self) -> object:
        """The middleware for aiohttp."""

        @web.middleware
        async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
            scope = needed_scope(request.method, request.path)
            if scope is not None:
                request[_SENDER] = self._require(request, scope)
            return await handler(request)

        return authenticate

    def _require(self, request: web.Request, scope: str) -> str:
        reads = request.method in {"GET", "HEAD"}
        challenge = {"WWW-Authenticate": _CHALLENGE_BROWSER if reads and wants_page(request) else _CHALLENGE}
        secret = _secret(request.headers.get("Authorization", ""), basic=reads)
        if not secret:
            raise Problem(401, "send the header `Authorization: Bearer <token>`", headers=challenge)
        token = self._find(secret)
        if token is None:
            raise Problem(401, "this token is unknown", headers=challenge)
        if scope not in token.scopes:
            raise Problem(403, f"this token lacks the scope {scope}")
        return token.name

    def _find(self, secret: str) -> Token | None:
        """Return the matching token; compares with every one, in constant time."""
        given = secret.encode("utf-8", "surrogateescape")
        matches = [token for token in self._tokens if hmac.compare_digest(token.secret.encode(), given)]
        return matches[0] if matches else None


_CHALLENGE: Final = 'Bearer realm="shop-images"'
_CHALLENGE_BROWSER: Final = 'Basic realm="shop-images: any user and a token as password", charset="UTF-8"'


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
