"""Where the pages of shops get what they show, and keep who was let in. Every method raises Unavailable."""

from datetime import datetime
from typing import Protocol

from faust_app.core.operators.audit import AuditEntry
from faust_app.core.reports.link import ReportLink
from faust_app.core.reports.session import ReportSession


class ReportSessions(Protocol):
    """Sessions of the people of shops, and the links that were used."""

    async def open(self, link: ReportLink, session: ReportSession, token_hash: bytes, audit: AuditEntry) -> ReportSession | None:
        """Use the link and store the session, in one transaction; None if the link was used before. Of two at once, one opens."""
        ...

    async def find(self, token_hash: bytes) -> tuple[ReportSession, datetime] | None:
        """Return the session of a token, and the time."""
        ...

    async def saw(self, number: int) -> None:
        """Store that the session was used now."""
        ...

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        """End the session; return whether it was not ended yet."""
        ...

    async def revoke_all(self, shop_no: int, audit: AuditEntry) -> int:
        """End every session of the shop, and return how many."""
        ...
