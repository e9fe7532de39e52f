"""Lets the people of a shop in: makes links, exchanges a link for a session, and recognizes that."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from faust_app.core.operators.access import Sender
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.reports.link import LASTS, LinkProblem, ReportLink, Right, read_link, rights_text, signed
from faust_app.core.reports.session import ReportSession, is_over, is_stale
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.reports import ReportSessions

_TOKEN_BYTES: Final = 32
_NONCE_BYTES: Final = 24
_USER_AGENT_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, and whether its page is shown in a frame of another site."""

    remote: str | None
    user_agent: str
    framed: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """A new session; the token is its only key and is stored nowhere."""

    session: ReportSession
    token: str


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A signed link and its end, UTC without a zone."""

    link: str
    ends_at: datetime


class ReportAccess:
    """Opens, recognizes and ends sessions of shops; `secret` None means that links are off. Every method raises Unavailable."""

    def __init__(self, sessions: ReportSessions, secret: str | None, *, clock: Clock) -> None:
        self._sessions = sessions
        self._secret = secret
        self._clock = clock

    async def make_link(self, shop_no: int, rights: frozenset[Right]) -> MadeLink | None:
        """Return a link for a person whom the caller vouches for; None while links are off."""
        if self._secret is None:
            return None
        now = await self._clock.now()
        ends_at = int((now.replace(tzinfo=UTC) + LASTS).timestamp())
        link = ReportLink(shop_no, rights | {Right.VIEW}, ends_at, secrets.token_urlsafe(_NONCE_BYTES))
        return MadeLink(signed(link, self._secret), datetime.fromtimestamp(ends_at, UTC).replace(tzinfo=None))

    async def enter(self, text: str, visitor: Visitor) -> Entered | LinkProblem:
        """Exchange a link for a session. Its text and the token go into no log."""
        now = await self._clock.now()
        link = LinkProblem.INVALID if self._secret is None else read_link(text, self._secret, now)
        if isinstance(link, LinkProblem):
            return link
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        session = ReportSession(
            0, link.shop_no, link.rights, visitor.framed, now, now, visitor.remote, visitor.user_agent[:_USER_AGENT_CHARACTERS]
        )
        detail = {"rights": rights_text(link.rights), "framed": visitor.framed}
        entry = AuditEntry(now, Actor(name_of(link.shop_no), visitor.remote), "report.enter", name_of(link.shop_no), detail)
        opened = await self._sessions.open(link, session, _hashed(token), entry)
        return LinkProblem.USED if opened is None else Entered(opened, token)

    async def identify(self, token: str, *, framed: bool) -> Sender | None:
        """Return the shop whose session this is, as a sender limited to it; None if it is over, or of the other kind."""
        found = await self._sessions.find(_hashed(token))
        if found is None:
            return None
        session, now = found
        if is_over(session, now) or session.framed != framed:
            return None
        if is_stale(session, now):
            await self._sessions.saw(session.number)
        scopes = frozenset(right.value for right in session.rights)
        return Sender(name_of(session.shop_no), scopes, frozenset({session.shop_no}), visit=session.number)

    async def leave(self, sender: Sender, actor: Actor) -> None:
        """End the sender's own session."""
        if sender.visit is not None:
            entry = AuditEntry(await self._clock.now(), actor, "report.leave", sender.name)
            await self._sessions.revoke(sender.visit, entry)

    async def revoke_all(self, shop_no: int, actor: Actor) -> int:
        """End every session of the shop, and return how many; links that nobody used yet stay valid until their end."""
        entry = AuditEntry(await self._clock.now(), actor, "report.revoke", name_of(shop_no))
        return await self._sessions.revoke_all(shop_no, entry)


def name_of(shop_no: int) -> str:
    """Return the name under which the people of a shop act, in the audit and in messages."""
    return f"shop {shop_no}"


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
