"""Links that let the people of one shop in: signed by the platform, valid for minutes, and used once.

The platform makes a link without asking us; docs/integrating.md has the recipe, and a test holds it to the same vector as
this code.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.messages.events import MAX_NUMBER

MIN_SECRET_BYTES: Final = 32
LASTS: Final = timedelta(minutes=5)
"""A link ends at most this long after it is used, so that one found later in a log or a history opens nothing."""
_KIND: Final = "shop-images/report-link"
"""The first line of the signed text: a signature of something else never passes for a link."""
_LINK: Final = re.compile(r"([1-9]\d{0,15})\.(view(?:,retry)?)\.([1-9]\d{0,11})\.([A-Za-z0-9_-]{16,64})\.([0-9a-f]{64})", re.ASCII)
_MAX_CHARACTERS: Final = 200


class Right(StrEnum):
    """What a link lets its holder do with the shop."""

    VIEW = "view"  #: see the shop's pages; every link has it
    RETRY = "retry"  #: have failed images tried again


ALL_RIGHTS: Final = frozenset(Right)
ONLY_VIEW: Final = frozenset({Right.VIEW})


class LinkProblem(StrEnum):
    """Why a link opens nothing."""

    INVALID = "invalid"  #: no link of this platform, or changed on its way
    EXPIRED = "expired"
    TOO_LONG = "too_long"  #: it would last longer than LASTS
    USED = "used"


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A link before it is signed; `ends_at` in seconds since 1970, UTC."""

    shop_no: int
    rights: frozenset[Right]
    ends_at: int
    nonce: str
    """16 to 64 of `A-Za-z0-9_-`, never given twice."""

    @property
    def text(self) -> str:
        """The text that is signed: five lines, the rights in the order `view,retry`."""
        return "\n".join((_KIND, str(self.shop_no), rights_text(self.rights), str(self.ends_at), self.nonce))

    @property
    def use(self) -> bytes:
        """What is stored of a link that was used, 32 bytes."""
        return hashlib.sha256(self.text.encode()).digest()


def rights_text(rights: frozenset[Right]) -> str:
    """Return rights as links and rows write them."""
    return ",".join(right.value for right in Right if right in rights)


def rights_of(text: str) -> frozenset[Right]:
    """Return the rights of such a text; what is no right is left out."""
    return frozenset(right for right in Right if right.value in text.split(","))


def signed(link: ReportLink, secret: str) -> str:
    """Return the value of the parameter `link`: its parts and the signature (HMAC-SHA256, hexadecimal), joined by dots."""
    return f"{link.shop_no}.{rights_text(link.rights)}.{link.ends_at}.{link.nonce}.{_signature(link, secret)}"


def read_link(text: str, secret: str, now: datetime) -> ReportLink | LinkProblem:
    """Return the link behind a parameter, or why it opens nothing at `now` (UTC without a zone). Whether it was used, a table knows."""
    found = _LINK.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if found is None:
        return LinkProblem.INVALID
    link = ReportLink(int(found[1]), rights_of(found[2]), int(found[3]), found[4])
    if not hmac.compare_digest(_signature(link, secret), found[5]) or link.shop_no > MAX_NUMBER:
        return LinkProblem.INVALID
    seconds = now.replace(tzinfo=UTC).timestamp()
    if link.ends_at <= seconds:
        return LinkProblem.EXPIRED
    return LinkProblem.TOO_LONG if link.ends_at > seconds + LASTS.total_seconds() else link


def _signature(link: ReportLink, secret: str) -> str:
    return hmac.new(secret.encode(), link.text.encode(), hashlib.sha256).hexdigest()
