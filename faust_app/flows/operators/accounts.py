"""What an administrator does with accounts: add one, change its role, shops or password, disable it, end its sessions."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from faust_app.core.operators.access import ONE_TIME_LASTS, Account, ListedAccount, Role, Shops, shops_text
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.operators.password_rules import name_problem, normalised, password_problem
from faust_app.flows.operators.log_in import hashed
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.operators import Accounts, PasswordHasher, Sessions

_CODE_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, as a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was changed: the field and the reason."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class OneTime:
    """A code that logs in once; it is shown once and stored nowhere."""

    name: str
    code: str


class AccountControl:
    """Changes accounts for `actor`. Every method raises Unavailable."""

    def __init__(self, accounts: Accounts, sessions: Sessions, hasher: PasswordHasher, actor: Actor, *, clock: Clock) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._hasher = hasher
        self._actor = actor
        self._clock = clock

    async def listed(self) -> list[ListedAccount]:
        """Return every account, by name."""
        return await self._accounts.listed()

    async def add(self, name: str, role: Role, shops: Shops, password: str | None) -> Done | Refused:
        """Add an account; without a password it logs in by one-time codes only."""
        if reason := name_problem(name):
            return Refused("name", reason)
        if password is not None and (reason := password_problem(password, name)):
            return Refused("password", reason)
        entry = await self._entry("user.add", name, {"role": role.value, "shops": _kept(shops), "password": password is not None})
        account = Account(name, role, shops, entry.at, password_hash=await self._hash(password))
        if not await self._accounts.add(account, entry):
            return Refused("name", "is taken; `shop-images user list` lists the accounts")
        return Done(f"user {name} is added with the role {role.value}, for {shops_text(shops)}")

    async def set_role(self, name: str, role: Role) -> Done | Refused:
        """Change what the account may do."""
        entry = await self._entry("user.role", name, {"role": role.value})
        return _done(await self._accounts.set_role(name, role, entry), f"user {name} has the role {role.value} from now on")

    async def set_shops(self, name: str, shops: Shops) -> Done | Refused:
        """Limit the account to shops."""
        entry = await self._entry("user.shops", name, {"shops": _kept(shops)})
        return _done(await self._accounts.set_shops(name, shops, entry), f"user {name} reaches {shops_text(shops)} from now on")

    async def set_password(self, name: str, password: str) -> Done | Refused:
        """Change the password; every session of the account ends."""
        if reason := password_problem(password, name):
            return Refused("password", reason)
        entry = await self._entry("user.password", name, {})
        stored = await self._accounts.set_password(name, await self._hash(password) or "", entry)
        return _done(stored, f"user {name} has a new password, and was logged out everywhere")

    async def disable(self, name: str) -> Done | Refused:
        """Refuse log-ins; every session of the account ends."""
        entry = await self._entry("user.disable", name, {})
        return _done(await self._accounts.disable(name, entry), f"user {name} is disabled, and was logged out everywhere")

    async def enable(self, name: str) -> Done | Refused:
        """Allow log-ins again."""
        entry = await self._entry("user.enable", name, {})
        return _done(await self._accounts.enable(name, entry), f"user {name} may log in again")

    async def log_out(self, name: str) -> Done | Refused:
        """End every session of the account."""
        if await self._accounts.get(name) is None:
            return _UNKNOWN
        ended = await self._sessions.revoke_all(name, None, await self._entry("user.log-out", name, {}))
        return Done(f"user {name} is logged out; {ended} {'session' if ended == 1 else 'sessions'} ended")

    async def one_time(self, name: str) -> OneTime | Refused:
        """Make a code that logs in once within ten minutes; an earlier one of the account is void."""
        account = await self._accounts.get(name)
        if account is None:
            return _UNKNOWN
        if account.disabled_at is not None:
            return Refused("name", "is disabled; `shop-images user enable` allows it to log in")
        code = secrets.token_urlsafe(_CODE_BYTES)
        entry = await self._entry("user.one-time", name, {})
        await self._accounts.offer_one_time(name, hashed(code), entry.at + ONE_TIME_LASTS, entry)
        return OneTime(name, code)

    async def _hash(self, password: str | None) -> str | None:
        return None if password is None else await self._hasher.hash(normalised(password))

    async def _entry(self, action: str, name: str, detail: Mapping[str, object]) -> AuditEntry:
        return AuditEntry(await self._clock.now(), self._actor, action, f"user {name}", detail)


_UNKNOWN: Final = Refused("name", "is not a user; `shop-images user list` lists them")


def _done(found: bool, text: str) -> Done | Refused:  # noqa: FBT001 - what the port returns
    return Done(text) if found else _UNKNOWN


def _kept(shops: Shops) -> list[int] | None:
    return None if shops is None else sorted(shops)
