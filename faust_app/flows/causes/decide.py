"""What an operator does with a cause: resolve, ignore, reopen it, write a note, take the blame off the shops, ask a shop."""

from datetime import datetime

from faust_app.core.causes.cause import LONGEST_IGNORED, Cause, CauseDetails
from faust_app.core.causes.suspicion import Blame
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.flows.ports.causes import Causes, Suspicions
from faust_app.flows.ports.clock import Clock


class CauseDesk:
    """Reads causes and writes decisions, each with its audit entry. Every method raises Unavailable."""

    def __init__(self, causes: Causes, suspicions: Suspicions, *, clock: Clock) -> None:
        self._causes = causes
        self._suspicions = suspicions
        self._clock = clock

    async def now(self) -> datetime:
        """Return the database's clock."""
        return await self._clock.now()

    async def blame(self) -> Blame:
        """Return for which failures no shop is blamed."""
        return await self._suspicions.blame()

    async def page(self, after: tuple[int, str] | None, limit: int) -> list[Cause]:
        """Return causes, those with most failed images first."""
        return await self._causes.page(after, limit)

    async def details(self, fingerprint: str) -> CauseDetails | None:
        """Return one cause, None if nothing is known of it."""
        return await self._causes.details(fingerprint, await self._clock.now())

    async def resolve(self, fingerprint: str, release: str | None, actor: Actor) -> None:
        """Mark the cause resolved; should an image fail by it again, it came back."""
        await self._causes.resolve(fingerprint, release, await self._entry("cause.resolve", fingerprint, actor, release=release))

    async def ignore(self, fingerprint: str, until: datetime, actor: Actor) -> str | None:
        """Ignore the cause until a time (UTC without a zone); return why that is not possible, None if it is done."""
        now = await self._clock.now()
        if not now < until <= now + LONGEST_IGNORED:
            return f"must be within the next {LONGEST_IGNORED.days} days"
        await self._causes.ignore(fingerprint, until, await self._entry("cause.ignore", fingerprint, actor, until=until.isoformat()))
        return None

    async def reopen(self, fingerprint: str, actor: Actor) -> None:
        """Clear that the cause is resolved or ignored."""
        await self._causes.reopen(fingerprint, await self._entry("cause.reopen", fingerprint, actor))

    async def set_note(self, fingerprint: str, note: str | None, actor: Actor) -> None:
        """Keep a note, or remove it."""
        await self._causes.set_note(fingerprint, note, await self._entry("cause.note", fingerprint, actor, note=note))

    async def set_ours(self, fingerprint: str, actor: Actor, *, is_ours: bool) -> None:
        """Mark the cause as our fault, or as the shops'; it decides what is suspected of its code, for all hosts."""
        await self._causes.set_ours(fingerprint, await self._entry("cause.ours", fingerprint, actor, is_ours=is_ours), is_ours=is_ours)

    async def asked(self, fingerprint: str, shop_no: int, actor: Actor) -> None:
        """Record that the shop was asked to act."""
        await self._causes.asked(fingerprint, shop_no, await self._entry("cause.asked", fingerprint, actor, shop_no=shop_no))

    async def _entry(self, action: str, fingerprint: str, actor: Actor, **detail: object) -> AuditEntry:
        return AuditEntry(await self._clock.now(), actor, action, fingerprint, detail)
