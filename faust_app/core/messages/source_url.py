"""The address of an image, from how a shop writes it to what is sent: the same characters, wherever they may stand.

Signed addresses fail when anything in them is written another way, so `%2F`, `%7E` and an empty `?` stay. Only what RFC
3986 does not allow in a path or a query is percent-encoded, as UTF-8, and a host of other letters is mapped by UTS 46.
A host that no name server can know, or that is an address in a form that programs read differently, is refused.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from pydantic import AnyUrl

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_PORT_DIGITS: Final = 5
_MAX_PORT: Final = 65_535
_MAX_LABEL: Final = 63
_MAX_HOST: Final = 253
"""Octets of a label and of a name (RFC 1035, 2.3.4)."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB: Final = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
"""Scheme, authority, and all that is sent of the rest: a fragment never is."""
_MISPLACED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]")
"""What may not stand in a path or a query (RFC 3986, 3.3 and 3.4), and a percent sign that encodes nothing."""
_REMEMBERED: Final = 8192
"""Short addresses, and hosts, that are kept parsed: enough for two topics at the default of `READ_AHEAD`.

An event is read, fetched and answered by one address, and a shop has one host.
"""
_SHORT: Final = 256
"""Characters of an address up to which it is kept: long ones would take a worker's memory."""
_LABEL: Final = re.compile(r"[a-z0-9_-]+")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class UrlError(ValueError):
    """The text is no address that we fetch; the message says why, as a predicate of the address and without its text."""


@dataclass(frozen=True, slots=True)
class FetchUrl:
    """An address as it is fetched, in ASCII: `port` where one is written, `target` is the path and query that are sent."""

    scheme: str
    host: str
    port: int | None
    target: str

    @property
    def effective_port(self) -> int:
        """The port that is connected to."""
        return _DEFAULT_PORTS[self.scheme] if self.port is None else self.port

    @property
    def authority(self) -> str:
        """The host, in brackets where it is an IPv6 address, with its port where that is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.effective_port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(text: str) -> FetchUrl:
    """Return how the address is fetched. Raises UrlError."""
    return _parsed_short(text) if len(text) <= _SHORT else _parsed(text)


def _parsed(text: str) -> FetchUrl:
    text = text.strip(" ")
    if _CONTROL.search(text):
        raise UrlError("must not contain control characters")
    parts = _WEB.fullmatch(text.partition("#")[0])
    if parts is None:
        raise UrlError("must begin with http:// or https://")
    scheme, authority, rest = parts[1].lower(), parts[2], parts[3]
    if "@" in authority:
        raise UrlError("must not contain a user name or password")
    host, port = _authority(authority)
    return FetchUrl(scheme, host, port, _escaped(rest if rest.startswith("/") else f"/{rest}"))


_parsed_short: Final = lru_cache(_REMEMBERED)(_parsed)


def follow(base: FetchUrl, location: str) -> FetchUrl:
    """Return where a redirect of `base` leads (RFC 3986, 5.2); undecodable bytes of a header are lone surrogates. Raises UrlError."""
    location = location.strip(" \t")
    origin, path = f"{base.scheme}://{base.authority}", base.target.partition("?")[0]
    if _SCHEME.match(location):
        return parse_url(location)
    if location.startswith("//"):
        return parse_url(f"{base.scheme}:{location}")
    if location.startswith("/"):
        return parse_url(origin + location)
    if location.startswith("?"):
        return parse_url(origin + path + location)
    if not location.partition("#")[0]:
        return base
    relative = re.split(r"(?=[?#])", location, maxsplit=1)
    return parse_url(origin + _without_dots(path[: path.rindex("/") + 1] + relative[0]) + "".join(relative[1:]))


@lru_cache(_REMEMBERED)
def _authority(authority: str) -> tuple[str, int | None]:
    """Return the host as it is looked up, and the port where one is written; the brackets of an IPv6 address hold colons of their own."""
    at = authority.rfind("]") + 1
    host, _, port = authority[at:].partition(":")
    return _host(authority[:at] + host), _port(port)


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_PORT_DIGITS and 1 <= int(text) <= _MAX_PORT):
        raise UrlError("names a port that is not a number from 1 to 65535")
    return int(text)


def _host(text: str) -> str:
    """Return the host as it is looked up: lower-case ASCII without a dot at its end, or an address."""
    if not text:
        raise UrlError("names no host")
    if text.startswith("["):
        return _ipv6(text)
    name = (text if text.isascii() else _mapped(text)).lower().removesuffix(".")
    labels = name.split(".")
    if not all(labels):
        raise _impossible("one of its labels is empty")
    if not all(map(_LABEL.fullmatch, labels)):
        raise _impossible("it has a character that no host name has")
    if len(name) > _MAX_HOST or max(map(len, labels)) > _MAX_LABEL:
        raise _impossible(f"it has over {_MAX_HOST} characters, or over {_MAX_LABEL} between two dots")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(name)
    if text.isascii() and any(label.startswith("xn--") for label in labels):
        _mapped(name)
    return name


def _mapped(text: str) -> str:
    """Return the name in ASCII by UTS 46, as browsers do."""
    if any(letter.isascii() and not _LABEL.fullmatch(letter.lower()) and letter != "." for letter in text):
        raise _impossible("it has a character that no host name has")
    try:
        mapped = AnyUrl(f"http://{text}/").host or ""
    except ValueError:
        raise _impossible("it is no internationalized name") from None
    if not text.isascii() and _NUMBER.fullmatch(mapped.rpartition(".")[2]):
        raise _impossible("it is an address that is not written in ASCII")
    return mapped


def _ipv4(name: str) -> str:
    try:
        return str(IPv4Address(name))
    except ValueError:
        raise _impossible("an address must be written as four decimal numbers") from None


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text[1:].removesuffix("]"))
    except ValueError:
        raise _impossible("what is in brackets is not an IPv6 address") from None
    if not text.endswith("]") or address.scope_id is not None:
        raise _impossible("an IPv6 address must be in brackets, without a zone")
    return str(address)


def _impossible(reason: str) -> UrlError:
    return UrlError(f"names a host that cannot exist: {reason}")


def _escaped(target: str) -> str:
    """Percent-encode what may not stand, and nothing else."""
    try:
        return _MISPLACED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape")), target)
    except UnicodeEncodeError:
        raise UrlError("must be valid Unicode") from None


def _without_dots(path: str) -> str:
    """Resolve the dot segments of a merged path (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    ends_open = segments[-1] in {".", ".."}
    return "/" + "/".join([*kept, ""] if ends_open else kept)
