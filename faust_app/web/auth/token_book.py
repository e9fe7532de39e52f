"""The bearer tokens: read from the tokens file and the environment, and read again when the file changes."""

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import structlog

from faust_app.core.operators.access import Shops

SCOPES: Final = frozenset({"intake", "view", "operate"})
"""Scopes of a token; accounts are a matter of people."""
_MAX_SHOP: Final = 2**53 - 1
_MAX_SECRETS: Final = 2
"""Tokens of one name that count at the same time: the new one, and the old one while its senders change over."""

log = structlog.get_logger()


class TokensError(Exception):
    """The tokens are not usable; the message names the setting, the entry and the error."""


@dataclass(frozen=True, slots=True)
class Token:
    """One credential and what it may do. Two of the same name are one holder's, while it changes from one to the other."""

    name: str
    secret: str
    scopes: frozenset[str]
    shops: Shops = None
    until: datetime | None = None
    """When it ends, UTC without a zone; None: never."""

    def counts_at(self, now: datetime) -> bool:
        """Return whether it has not ended."""
        return self.until is None or now < self.until


class TokenBook:
    """The tokens that count now."""

    def __init__(self, path: Path | None, text: str | None = None, loaded: Callable[[Sequence[Token]], None] = lambda _: None) -> None:
        """Read the tokens of the file and of the text; `loaded` is called with them now and after each reload.

        Raises TokensError, whose message never repeats a token.
        """
        self._path = path
        self._text = text
        self._seen = _stamp(path)
        self._loaded = loaded
        self.tokens: Sequence[Token] = read_tokens(path, text)
        loaded(self.tokens)

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Self:
        """Return a book of these tokens, which never changes."""
        book = cls(None)
        book.tokens = tokens
        return book

    async def run_pass(self) -> None:
        """Read the file again if it changed. One that is wrong changes nothing: the tokens before it still count."""
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.tokens = read_tokens(self._path, self._text)
        except TokensError as error:
            log.warning("tokens not reloaded; those before still count", reason=str(error), check="TOKENS_FILE")
        else:
            self._loaded(self.tokens)
            log.info("tokens reloaded", names=sorted({token.name for token in self.tokens}))


def read_tokens(path: Path | None, text: str | None = None) -> list[Token]:
    """Read the tokens of the file (TOML) and of the text (TOML or JSON); without either there are none.

    Raises TokensError, whose message never repeats a token.
    """
    of_file, of_text = _file(path), _parsed(text or "", "TOKENS")
    if twice := sorted(of_file.keys() & of_text.keys()):
        raise TokensError(f"TOKENS: [{twice[0]}] is in TOKENS_FILE too")
    tokens = [token for name, entry in of_file.items() for token in _tokens(f"TOKENS_FILE {path}", name, entry)]
    tokens += [token for name, entry in of_text.items() for token in _tokens("TOKENS", name, entry)]
    holders: dict[str, str] = {}
    for token in tokens:
        if token.secret in holders:
            raise TokensError(f"{'TOKENS' if of_text else 'TOKENS_FILE'}: [{holders[token.secret]}] and [{token.name}] have the same token")
        holders[token.secret] = token.name
    return tokens


def _file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return _parsed(path.read_text(), f"TOKENS_FILE {path}")
    except (OSError, UnicodeDecodeError) as error:
        raise TokensError(f"TOKENS_FILE {path}: {error}") from error


def _parsed(text: str, place: str) -> dict[str, Any]:
    try:
        entries = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise TokensError(f"{place}: {error}") from None  # an error of JSON holds the whole text
    return dict(entries)


def _tokens(place: str, name: str, entry: object) -> list[Token]:
    secrets = entry.get("token") if isinstance(entry, dict) else None
    secrets = secrets if isinstance(secrets, list) else [secrets]
    if not isinstance(entry, dict) or not all(isinstance(secret, str) and secret for secret in secrets) or not secrets:
        raise TokensError(f'{place}: [{name}] needs token = "...", or a list of two while one takes the place of the other')
    if len(secrets) > _MAX_SECRETS:
        raise TokensError(f"{place}: [{name}] has more than {_MAX_SECRETS} tokens")
    scopes = entry.get("scopes")
    if not isinstance(scopes, list) or not scopes or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise TokensError(f"{place}: [{name}] needs scopes, a list of {', '.join(sorted(SCOPES))}")
    shops, until = _shops(place, name, entry), _until(place, name, entry)
    return [Token(name, secret, frozenset(scopes), shops, until) for secret in secrets]


def _until(place: str, name: str, entry: dict[str, Any]) -> datetime | None:
    """Return the end of an entry: a time with a zone, of TOML or as text."""
    given = entry.get("until")
    if given is None:
        return None
    try:
        end = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        end = None
    if not isinstance(end, datetime) or end.tzinfo is None:
        raise TokensError(f"{place}: [{name}] needs until to be a time with a zone, like 2027-01-31T00:00:00Z, or to be absent")
    return end.astimezone(UTC).replace(tzinfo=None)


def _shops(place: str, name: str, entry: dict[str, Any]) -> Shops:
    """Return the shops of an entry. A list that is there and wrong is refused: it must never mean all shops."""
    if "shops" not in entry:
        return None
    shops = entry["shops"]
    if not isinstance(shops, list) or not shops or not all(type(shop) is int and 1 <= shop <= _MAX_SHOP for shop in shops):
        raise TokensError(f"{place}: [{name}] needs shops to be a list of shop numbers, or to be absent")
    return frozenset(shops)


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """Return what changes with the file; a secret of Kubernetes is swapped by a link, and so changes its number."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return (0, 0, 0)
    return None if found is None else (found.st_ino, found.st_mtime_ns, found.st_size)
