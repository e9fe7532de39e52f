"""How flows keep accounts, sessions and failed log-ins, hash passwords, and read the audit.

Every method raises Unavailable when the database fails. Every change by an operator writes its audit entry in the same
transaction.
"""

from datetime import datetime
from typing import Protocol

from faust_app.core.operators.access import Account, ListedAccount, Role, Session, Shops
from faust_app.core.operators.audit import AuditEntry, AuditRow
from faust_app.core.operators.lockout import FailedLogIns


class Accounts(Protocol):
    """The people who may log in."""

    async def get(self, name: str) -> Account | None:
        """Return the account."""
        ...

    async def listed(self) -> list[ListedAccount]:
        """Return every account, by name."""
        ...

    async def add(self, account: Account, audit: AuditEntry) -> bool:
        """Add the account; return whether its name was free."""
        ...

    async def set_role(self, name: str, role: Role, audit: AuditEntry) -> bool:
        """Change what the account may do, from its next request on; return whether it exists."""
        ...

    async def set_shops(self, name: str, shops: Shops, audit: AuditEntry) -> bool:
        """Limit the account to shops, or to none, from its next request on; return whether it exists."""
        ...

    async def set_password(self, name: str, password_hash: str, audit: AuditEntry) -> bool:
        """Change the password and end every session; return whether the account exists."""
        ...

    async def rehash(self, name: str, before: str, after: str) -> None:
        """Store the same password under today's parameters, unless it was changed meanwhile."""
        ...

    async def disable(self, name: str, audit: AuditEntry) -> bool:
        """Refuse log-ins and end every session; return whether the account exists."""
        ...

    async def enable(self, name: str, audit: AuditEntry) -> bool:
        """Allow log-ins again; return whether the account exists."""
        ...

    async def offer_one_time(self, name: str, code_hash: bytes, expires_at: datetime, audit: AuditEntry) -> bool:
        """Store a one-time log-in in place of earlier ones; return whether the account exists."""
        ...

    async def use_one_time(self, code_hash: bytes) -> str | None:
        """Use up the one-time log-in and return its account; None if it is unknown, used or expired."""
        ...


class Sessions(Protocol):
    """The log-ins of accounts on their devices."""

    async def add(self, session: Session, token_hash: bytes, audit: AuditEntry) -> Session:
        """Store a session and return it with its number."""
        ...

    async def find(self, token_hash: bytes) -> tuple[Session, Account, datetime] | None:
        """Return the session with its account as both are now, and the time."""
        ...

    async def get(self, number: int) -> Session | None:
        """Return the session."""
        ...

    async def saw(self, number: int) -> None:
        """Store that the session was used now."""
        ...

    async def newest(self, account: str | None, before: int | None, limit: int) -> list[Session]:
        """Return up to `limit` sessions, of one account or of all, newest first, continuing before `before`."""
        ...

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        """End the session; return whether it was not ended yet."""
        ...

    async def revoke_all(self, account: str, but: int | None, audit: AuditEntry) -> int:
        """End the account's sessions except one, and return how many."""
        ...


class LogInFailures(Protocol):
    """Counts of failed log-ins by bucket and network."""

    async def of(self, bucket: int, network: str) -> tuple[FailedLogIns | None, datetime]:
        """Return the failures, and the time."""
        ...

    async def add(self, bucket: int, network: str) -> int:
        """Count one more failure now, and return the count."""
        ...

    async def clear(self, bucket: int, network: str) -> None:
        """Forget the failures."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords slowly, beside the event loop."""

    async def hash(self, password: str) -> str:
        """Return a salted hash with its parameters."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether this is the password. Without a hash the answer is no, and takes as long."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether the hash was made with other parameters than today's."""
        ...


class AuditLog(Protocol):
    """What operators changed."""

    async def newest(self, *, actor: str | None, action: str | None, before: int | None, limit: int) -> list[AuditRow]:
        """Return up to `limit` entries that match what is given, newest first, continuing before the entry `before`."""
        ...

    async def actions(self) -> list[str]:
        """Return every action that was ever audited."""
        ...
