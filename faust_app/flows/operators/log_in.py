"""Logging in, by password or by a one-time code: who may try, who may enter, and what a flood of attempts may cost.

A hash costs tens of milliseconds of CPU. At most `AT_ONCE` are computed side by side, and one for each network: a
flood from one network waits for itself or is refused, and the owner of an account still gets a turn.
"""

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from faust_app.core.operators.access import Account, Sender, Session, is_over, is_stale
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.operators.lockout import bucket_of, network_of, seconds_to_wait, wait_after
from faust_app.core.operators.password_rules import MAX_PASSWORD, normalised
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.operators import Accounts, LogInFailures, PasswordHasher, Sessions
from faust_app.metrics import Metrics

AT_ONCE: Final = 2
"""Hashes computed side by side; each takes a core."""
WAITING: Final = 16
"""Log-ins that wait for their turn; more are refused at once."""
OF_ONE_NETWORK: Final = 3
"""Of them those of one network: a double click, and a colleague."""
BUSY_SECONDS: Final = 2.0
"""When to try again after being refused for lack of a turn."""
_USER_AGENT_CHARACTERS: Final = 200
_TOKEN_BYTES: Final = 32

log = structlog.get_logger()

Attempt = Callable[[], Awaitable[Account | None]]


@dataclass(frozen=True, slots=True)
class Device:
    """Where a log-in comes from."""

    remote: str | None
    user_agent: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session; the token is its only key and is stored nowhere."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Name, password or code are wrong, or the account is disabled: a stranger learns no more."""


@dataclass(frozen=True, slots=True)
class Slowed:
    """Nothing was tried: too many failures, or too many attempts at once."""

    seconds: float
    busy: bool = False


class Turns:
    """Hands out the places of log-ins that are tried, and the turns to compute a hash."""

    def __init__(self) -> None:
        self.compute = asyncio.Semaphore(AT_ONCE)
        self._taken: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    @contextmanager
    def claimed(self, network: str) -> Iterator[asyncio.Lock | None]:
        """Claim a place and give the lock under which the network's log-ins are tried; None if no place is left for it."""
        if self._taken[network] >= OF_ONE_NETWORK or self._taken.total() >= AT_ONCE + WAITING:
            yield None
            return
        self._taken[network] += 1
        try:
            yield self._locks.setdefault(network, asyncio.Lock())
        finally:
            self._taken[network] -= 1
            if not self._taken[network]:
                del self._taken[network], self._locks[network]


class LogIn:
    """Opens, recognises and ends sessions. Every method raises Unavailable."""

    def __init__(
        self, accounts: Accounts, sessions: Sessions, failures: LogInFailures, hasher: PasswordHasher, metrics: Metrics, *, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._failures = failures
        self._hasher = hasher
        self._metrics = metrics
        self._clock = clock
        self._turns = Turns()

    async def with_password(self, name: str, password: str, device: Device) -> LoggedIn | Wrong | Slowed:
        """Open a session for whoever knows the password."""
        return self._counted(await self._tried(bucket_of(name), device, lambda: self._by_password(name, password)), device)

    async def with_code(self, code: str, device: Device) -> LoggedIn | Wrong | Slowed:
        """Open a session for whoever holds an unused one-time code; codes share one count of failures."""
        return self._counted(await self._tried(bucket_of(""), device, lambda: self._by_code(code)), device)

    async def identify(self, token: str) -> Sender | None:
        """Return whose session this is, as the account is now; None if it is over."""
        found = await self._sessions.find(hashed(token))
        if found is None:
            return None
        session, account, now = found
        if is_over(session, now) or account.disabled_at is not None:
            return None
        if is_stale(session, now):
            await self._sessions.saw(session.number)
        return Sender(account.name, account.role.scopes, account.shops, session.number)

    async def log_out(self, sender: Sender, actor: Actor) -> None:
        """End the sender's own session."""
        if sender.session is not None:
            entry = AuditEntry(await self._clock.now(), actor, "session.log-out", f"session {sender.session}")
            await self._sessions.revoke(sender.session, entry)

    async def _tried(self, bucket: int, device: Device, attempt: Attempt) -> LoggedIn | Wrong | Slowed:
        network = network_of(device.remote)
        with self._turns.claimed(network) as lock:
            if lock is None:
                return Slowed(BUSY_SECONDS, busy=True)
            async with lock:  # one after the other, so that each sees the failures before it
                failed, now = await self._failures.of(bucket, network)
                if wait := seconds_to_wait(failed, now):
                    return Slowed(wait)
                async with self._turns.compute:
                    account = await attempt()
                if account is None:
                    await self._add_failure(bucket, network)
                    return Wrong()
                if failed is not None:
                    await self._failures.clear(bucket, network)
                return await self._open(account, device, now)

    async def _by_password(self, name: str, password: str) -> Account | None:
        account = await self._accounts.get(name)
        usable = account if account is not None and account.disabled_at is None else None
        wanted = usable.password_hash if usable is not None else None
        text = normalised(password[: MAX_PASSWORD + 1])
        if not await self._hasher.verify(wanted, text) or usable is None or wanted is None:
            return None
        if self._hasher.is_outdated(wanted):
            await self._accounts.rehash(name, wanted, await self._hasher.hash(text))
        return usable

    async def _by_code(self, code: str) -> Account | None:
        name = await self._accounts.use_one_time(hashed(code))
        account = None if name is None else await self._accounts.get(name)
        return account if account is not None and account.disabled_at is None else None

    async def _add_failure(self, bucket: int, network: str) -> None:
        count = await self._failures.add(bucket, network)
        if wait := wait_after(count).total_seconds():
            # The name stays out of the log: people type passwords into that field.
            log.warning("log-ins slowed down after failures", network=network, failures=count, wait_s=wait)

    async def _open(self, account: Account, device: Device, now: datetime) -> LoggedIn:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(0, account.name, now, now, device.remote, device.user_agent[:_USER_AGENT_CHARACTERS])
        entry = AuditEntry(now, Actor(account.name, device.remote), "session.log-in", f"user {account.name}")
        return LoggedIn(await self._sessions.add(session, hashed(token), entry), token)

    def _counted(self, result: LoggedIn | Wrong | Slowed, device: Device) -> LoggedIn | Wrong | Slowed:
        self._metrics.log_ins.labels(_END[type(result)]).inc()
        if isinstance(result, Wrong):
            log.info("log-in refused", network=network_of(device.remote))
        return result


_END: Final[dict[type[object], str]] = {LoggedIn: "success", Wrong: "wrong", Slowed: "slowed"}


def hashed(token: str) -> bytes:
    """Return what is stored of a token: whoever reads the database can use none. Tokens are random, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
