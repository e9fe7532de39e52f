"""How flows read causes of failed images, and write what people decide about them.

Every method raises Unavailable when the database fails. Every change writes its audit entry in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from faust_app.core.causes.cause import Cause, CauseDetails
from faust_app.core.causes.suspicion import Blame, Outcomes, Release, Suspicion
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
        """Mark whether the cause is our fault, and not the shops'; it decides what is suspected of its code, for all hosts."""
        ...

    async def asked(self, fingerprint: str, shop_no: int, audit: AuditEntry) -> None:
        """Record that the shop was asked to act."""
        ...


class OutcomeCounts(Protocol):
    """How many images ended, by release, code and host. Counted in hours of the clock: a time stands for its hour."""

    async def releases(self, since: datetime) -> list[Release]:
        """Return every release by which an image ended since then."""
        ...

    async def of(self, releases: Sequence[str], since: datetime) -> Outcomes:
        """Return what ended by these releases since then; failures of the codes by which shops are blamed only."""
        ...


class Suspicions(Protocol):
    """What is suspected of releases, and for which failures no shop is blamed."""

    async def known(self) -> list[Suspicion]:
        """Return every suspicion that is kept, those that ended or were decided too."""
        ...

    async def add(self, suspicions: Sequence[Suspicion]) -> None:
        """Write suspicions that were found; one that had ended stands again, a decided one keeps its verdict."""
        ...

    async def end(self, suspicions: Sequence[Suspicion], now: datetime) -> None:
        """Mark suspicions as ended."""
        ...

    async def blame(self) -> Blame:
        """Return for which failures no shop is blamed."""
        ...
