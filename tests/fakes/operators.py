"""Accounts, sessions, failed log-ins and the audit in memory."""

from dataclasses import replace
from datetime import datetime, timedelta

from faust_app.core.operators.access import Account, ListedAccount, Role, Session, Shops
from faust_app.core.operators.audit import AuditEntry, AuditRow
from faust_app.core.operators.lockout import FailedLogIns, failures_now
from tests.factories import NOW


class FakeOperators:
    """What the fakes below share; `now` is the database's clock, `failure` what every call raises."""

    def __init__(self) -> None:
        self.now_is = NOW
        self.accounts: dict[str, Account] = {}
        self.one_time: dict[bytes, tuple[str, datetime]] = {}
        self.sessions: dict[int, Session] = {}
        self.tokens: dict[bytes, int] = {}
        self.failures: dict[tuple[int, str], FailedLogIns] = {}
        self.audit: list[AuditRow] = []
        self.failure: Exception | None = None

    async def now(self) -> datetime:
        self.answer()
        return self.now_is

    def let_pass(self, span: timedelta) -> None:
        self.now_is += span

    def answer(self) -> None:
        if self.failure is not None:
            raise self.failure

    def record(self, entry: AuditEntry) -> None:
        self.audit.append(AuditRow(len(self.audit) + 1, entry.at, entry.actor, entry.action, entry.target, dict(entry.detail)))


class FakeAccounts:
    """Implements `Accounts`."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store

    async def get(self, name: str) -> Account | None:
        self._store.answer()
        return self._store.accounts.get(name)

    async def listed(self) -> list[ListedAccount]:
        self._store.answer()
        return [self._listed(account) for _, account in sorted(self._store.accounts.items())]

    async def add(self, account: Account, audit: AuditEntry) -> bool:
        self._store.answer()
        if account.name in self._store.accounts:
            return False
        self._store.accounts[account.name] = account
        self._store.record(audit)
        return True

    async def set_role(self, name: str, role: Role, audit: AuditEntry) -> bool:
        return self._set(name, audit, role=role)

    async def set_shops(self, name: str, shops: Shops, audit: AuditEntry) -> bool:
        return self._set(name, audit, shops=shops)

    async def set_password(self, name: str, password_hash: str, audit: AuditEntry) -> bool:
        return self._set(name, audit, password_hash=password_hash) and self._log_out(name)

    async def rehash(self, name: str, before: str, after: str) -> None:
        account = self._store.accounts[name]
        if account.password_hash == before:
            self._store.accounts[name] = replace(account, password_hash=after)

    async def disable(self, name: str, audit: AuditEntry) -> bool:
        return self._set(name, audit, disabled_at=self._store.now_is) and self._log_out(name)

    async def enable(self, name: str, audit: AuditEntry) -> bool:
        return self._set(name, audit, disabled_at=None)

    async def offer_one_time(self, name: str, code_hash: bytes, expires_at: datetime, audit: AuditEntry) -> bool:
        self._store.answer()
        if name not in self._store.accounts:
            return False
        self._forget_codes(name)
        self._store.one_time[code_hash] = name, expires_at
        self._store.record(audit)
        return True

    async def use_one_time(self, code_hash: bytes) -> str | None:
        self._store.answer()
        name, expires_at = self._store.one_time.get(code_hash, ("", self._store.now_is))
        if expires_at <= self._store.now_is:
            return None
        del self._store.one_time[code_hash]
        return name

    def _set(self, name: str, audit: AuditEntry, **values: object) -> bool:
        self._store.answer()
        if name not in self._store.accounts:
            return False
        self._store.accounts[name] = replace(self._store.accounts[name], **values)  # type: ignore[arg-type]
        self._store.record(audit)
        return True

    def _log_out(self, name: str) -> bool:
        self._forget_codes(name)
        for number, session in self._store.sessions.items():
            if session.account == name and session.revoked_at is None:
                self._store.sessions[number] = replace(session, revoked_at=self._store.now_is)
        return True

    def _forget_codes(self, name: str) -> None:
        self._store.one_time = {code: offer for code, offer in self._store.one_time.items() if offer[0] != name}

    def _listed(self, account: Account) -> ListedAccount:
        sessions = [session for session in self._store.sessions.values() if session.account == account.name]
        last = max((session.created_at for session in sessions), default=None)
        return ListedAccount(account, last, sum(session.revoked_at is None for session in sessions))


class FakeSessions:
    """Implements `Sessions`."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store

    async def add(self, session: Session, token_hash: bytes, audit: AuditEntry) -> Session:
        self._store.answer()
        stored = replace(session, number=len(self._store.sessions) + 1)
        self._store.sessions[stored.number] = stored
        self._store.tokens[token_hash] = stored.number
        self._store.record(audit)
        return stored

    async def find(self, token_hash: bytes) -> tuple[Session, Account, datetime] | None:
        self._store.answer()
        number = self._store.tokens.get(token_hash)
        if number is None:
            return None
        session = self._store.sessions[number]
        return session, self._store.accounts[session.account], self._store.now_is

    async def get(self, number: int) -> Session | None:
        self._store.answer()
        return self._store.sessions.get(number)

    async def saw(self, number: int) -> None:
        self._store.sessions[number] = replace(self._store.sessions[number], seen_at=self._store.now_is)

    async def newest(self, account: str | None, before: int | None, limit: int) -> list[Session]:
        self._store.answer()
        numbers = sorted((number for number in self._store.sessions if before is None or number < before), reverse=True)
        found = [self._store.sessions[number] for number in numbers]
        return [session for session in found if account in {None, session.account}][:limit]

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        self._store.answer()
        session = self._store.sessions.get(number)
        if session is None or session.revoked_at is not None:
            return False
        self._store.sessions[number] = replace(session, revoked_at=self._store.now_is)
        self._store.record(audit)
        return True

    async def revoke_all(self, account: str, but: int | None, audit: AuditEntry) -> int:
        self._store.answer()
        ended = [
            each for each in self._store.sessions.values() if each.account == account and each.revoked_at is None and each.number != but
        ]
        for session in ended:
            self._store.sessions[session.number] = replace(session, revoked_at=self._store.now_is)
        self._store.record(replace(audit, detail={**audit.detail, "sessions": len(ended)}))
        return len(ended)


class FakeLogInFailures:
    """Implements `LogInFailures`."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store

    async def of(self, bucket: int, network: str) -> tuple[FailedLogIns | None, datetime]:
        self._store.answer()
        return self._store.failures.get((bucket, network)), self._store.now_is

    async def add(self, bucket: int, network: str) -> int:
        self._store.answer()
        count = failures_now(self._store.failures.get((bucket, network)), self._store.now_is)
        self._store.failures[bucket, network] = FailedLogIns(count, self._store.now_is)
        return count

    async def clear(self, bucket: int, network: str) -> None:
        self._store.failures.pop((bucket, network), None)


class FakeAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store

    async def newest(self, *, actor: str | None, action: str | None, before: int | None, limit: int) -> list[AuditRow]:
        self._store.answer()
        return [
            row
            for row in reversed(self._store.audit)
            if actor in {None, row.actor.name} and action in {None, row.action} and (before is None or row.number < before)
        ][:limit]

    async def actions(self) -> list[str]:
        return sorted({row.action for row in self._store.audit})


class FakeHasher:
    """Implements `PasswordHasher`; `version` stands for the parameters."""

    def __init__(self) -> None:
        self.version = 1
        self.computed = 0

    async def hash(self, password: str) -> str:
        self.computed += 1
        return f"{self.version}:{password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.computed += 1
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash.partition(":")[0] != str(self.version)
