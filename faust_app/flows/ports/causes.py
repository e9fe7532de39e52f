"""How flows read causes of failed images, and write what people decide about them.

Every method raises Unavailable when the database fails. Every change writes its audit entry in the same transaction.
"""

from datetime import datetime
from typing import Protocol

from faust_app.core.causes.cause import Cause, CauseDetails
from faust_app.core.operators.audit import AuditEntry


class Causes(Protocol):
    """Causes that failed images have now, and those that people decided about."""

    async def page(self, after: tuple[int, str] | None, limit: int) -> list[Cause]:
        """Return up to `limit` causes of failed images, those with most images first; continue after images and fingerprint."""
        ...

    async def details(self, fingerprint: str, now: datetime) -> CauseDetails | None:
        """Return one cause; None if no image ever failed by it, as far as anything is kept of it."""
        ...

    async def resolve(self, fingerprint: str, release: str | None, audit: AuditEntry) -> None:
        """Mark the cause resolved, in this release if one is given."""
        ...

    async def ignore(self, fingerprint: str, until: datetime, audit: AuditEntry) -> None:
        """Mark the cause ignored until a time."""
        ...

    async def reopen(self, fingerprint: str, audit: AuditEntry) -> None:
        """Clear that the cause is resolved or ignored."""
        ...

    async def set_note(self, fingerprint: str, note: str | None, audit: AuditEntry) -> None:
        """Keep a note about the cause; None removes it."""
        ...

    async def set_ours(self, fingerprint: str, audit: AuditEntry, *, is_ours: bool) -> None:
        """Mark whether the cause is our fault, and not the shops'."""
        ...

    async def asked(self, fingerprint: str, shop_no: int, audit: AuditEntry) -> None:
        """Record that the shop was asked to act."""
        ...
