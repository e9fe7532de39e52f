"""What flows may rely on of accounts, sessions, failed log-ins and the audit, in memory and in MariaDB alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb.accounts import MariaAccounts
from faust_app.adapters.mariadb.audit import MariaAuditLog
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.retention import MariaOldRows
from faust_app.adapters.mariadb.sessions import MariaLogInFailures, MariaSessions
from faust_app.core.operators.access import Account, Role, Session
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.operators.lockout import FORGOTTEN
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.operators import Accounts, AuditLog, LogInFailures, Sessions
from faust_app.settings import Settings
from tests.fakes.operators import FakeAccounts, FakeAuditLog, FakeLogInFailures, FakeOperators, FakeSessions

TABLES = ("account", "session", "one_time_log_in", "log_in_failure", "audit")


@dataclass
class Store:
    accounts: Accounts
    sessions: Sessions
    failures: LogInFailures
    audit: AuditLog
    clock: Clock
    database: Database | None = None
    fake: FakeOperators | None = None

    async def entry(self, action: str = "user.test") -> AuditEntry:
        return AuditEntry(await self.clock.now(), Actor("root", "127.0.0.1"), action, "user anna", {"a": [1, None]})

    async def account(self, name: str = "anna", role: Role = Role.OPERATE, shops: frozenset[int] | None = None) -> Account:
        account = Account(name, role, shops, await self.clock.now(), password_hash="hash")
        assert await self.accounts.add(account, await self.entry("user.add"))
        return account

    async def session(self, key: bytes, account: str = "anna") -> Session:
        now = await self.clock.now()
        return await self.sessions.add(
            Session(0, account, now, now, "203.0.113.7", "Firefox \U0001f98a"), key, await self.entry("session.log-in")
        )

    async def age_failures(self, span: timedelta) -> None:
        if self.fake is not None:
            self.fake.let_pass(span)
        elif self.database is not None:
            await self.database.change("UPDATE log_in_failure SET failed_at = failed_at - INTERVAL %s SECOND", (span.total_seconds(),))


@pytest.fixture(params=["fake", "mariadb"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        fake = FakeOperators()
        yield Store(FakeAccounts(fake), FakeSessions(fake), FakeLogInFailures(fake), FakeAuditLog(fake), fake, fake=fake)
        return
    settings: Settings = request.getfixturevalue("alert_settings")
    async with Database.connect(settings.database, 8) as database:
        for table in TABLES:
            await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
        sessions, failures = MariaSessions(database), MariaLogInFailures(database)
        yield Store(MariaAccounts(database), sessions, failures, MariaAuditLog(database), database, database)


def key(number: int) -> bytes:
    return bytes([number]) * 32


async def actions(store: Store) -> list[str]:
    return [row.action for row in await store.audit.newest(actor=None, action=None, before=None, limit=100)]


async def test_an_account_is_added_once_and_read_as_it_was_written(store: Store) -> None:
    account = await store.account(shops=frozenset({7, 2**53 - 1}))
    assert not await store.accounts.add(account, await store.entry("user.add"))
    assert await store.accounts.get("anna") == account
    assert await store.accounts.get("ANNA") is None
    assert await store.accounts.get("'; DROP TABLE account; --") is None
    assert await actions(store) == ["user.add"]


async def test_two_who_add_the_same_account_at_once_make_one(store: Store) -> None:
    account = Account("anna", Role.VIEW, None, await store.clock.now())
    entry = await store.entry("user.add")
    added = await asyncio.gather(*(store.accounts.add(account, entry) for _ in range(4)))
    assert sorted(added) == [False, False, False, True]
    assert await actions(store) == ["user.add"]


async def test_role_shops_and_password_are_changed_one_at_a_time(store: Store) -> None:
    before = await store.account()
    entry = await store.entry()
    assert await store.accounts.set_role("anna", Role.ADMIN, entry)
    assert await store.accounts.set_role("anna", Role.ADMIN, entry), "again is no error"
    assert await store.accounts.set_shops("anna", frozenset({7}), entry)
    assert await store.accounts.set_password("anna", "other", entry)
    await store.accounts.rehash("anna", "hash", "late")
    await store.accounts.rehash("anna", "other", "fresh")
    found = await store.accounts.get("anna")
    assert found == Account("anna", Role.ADMIN, frozenset({7}), before.created_at, None, "fresh")
    assert await store.accounts.set_shops("anna", None, entry)
    assert (await store.accounts.get("anna") or before).shops is None


async def test_an_unknown_account_changes_nothing_and_leaves_no_audit(store: Store) -> None:
    entry = await store.entry()
    assert not await store.accounts.set_role("nobody", Role.ADMIN, entry)
    assert not await store.accounts.set_shops("nobody", None, entry)
    assert not await store.accounts.set_password("nobody", "x", entry)
    assert not await store.accounts.disable("nobody", entry)
    assert not await store.accounts.enable("nobody", entry)
    assert not await store.accounts.offer_one_time("nobody", key(1), entry.at + timedelta(minutes=10), entry)
    assert await actions(store) == []


async def test_a_session_is_found_by_its_hash_with_the_account_of_now(store: Store) -> None:
    account = await store.account()
    session = await store.session(key(1))
    found = await store.sessions.find(key(1))
    assert found is not None
    assert found[:2] == (session, account)
    assert await store.sessions.find(key(2)) is None
    assert await store.sessions.get(session.number) == session
    assert await store.sessions.get(session.number + 1) is None
    await store.accounts.set_role("anna", Role.VIEW, await store.entry())
    found = await store.sessions.find(key(1))
    assert found is not None
    assert found[1].role is Role.VIEW


async def test_a_used_session_is_seen_later_and_a_revoked_one_never(store: Store) -> None:
    await store.account()
    session = await store.session(key(1))
    await store.sessions.saw(session.number)
    assert (await store.sessions.get(session.number) or session).seen_at >= session.seen_at
    assert await store.sessions.revoke(session.number, await store.entry("session.revoke"))
    assert not await store.sessions.revoke(session.number, await store.entry("session.revoke"))
    assert (await actions(store)).count("session.revoke") == 1
    assert (await store.sessions.get(session.number) or session).revoked_at is not None


async def test_password_and_disabling_end_every_session_and_code_of_the_account(store: Store) -> None:
    for name, number in (("anna", 1), ("bert", 2), ("carl", 3)):
        await store.account(name)
        await store.session(key(number), name)
        entry = await store.entry()
        assert await store.accounts.offer_one_time(name, key(number + 10), entry.at + timedelta(minutes=10), entry)
    await store.accounts.set_password("anna", "other", await store.entry())
    await store.accounts.disable("bert", await store.entry())
    open_ones = [session.account for session in await store.sessions.newest(None, None, 10) if session.revoked_at is None]
    assert open_ones == ["carl"]
    assert [await store.accounts.use_one_time(key(number)) for number in (11, 12, 13)] == [None, None, "carl"]
    assert (await store.accounts.get("bert") or await store.account()).disabled_at is not None
    assert await store.accounts.enable("bert", await store.entry())
    listed = {
        each.account.name: (each.account.disabled_at, each.sessions, each.last_log_in is None) for each in await store.accounts.listed()
    }
    assert listed == {"anna": (None, 0, False), "bert": (None, 0, False), "carl": (None, 1, False)}


async def test_all_sessions_but_one_are_ended(store: Store) -> None:
    await store.account()
    await store.account("bert")
    first, second, other = await store.session(key(1)), await store.session(key(2)), await store.session(key(3), "bert")
    assert await store.sessions.revoke_all("anna", second.number, await store.entry("session.revoke-others")) == 1
    revoked = [session.number for session in await store.sessions.newest(None, None, 10) if session.revoked_at]
    assert revoked == [first.number]
    assert other.number not in revoked
    assert await store.sessions.revoke_all("anna", None, await store.entry("user.log-out")) == 1
    (row,) = await store.audit.newest(actor=None, action="user.log-out", before=None, limit=10)
    assert row.detail == {"a": [1, None], "sessions": 1}


async def test_sessions_page_by_key_newest_first(store: Store) -> None:
    await store.account()
    await store.account("bert")
    numbers = [(await store.session(key(number), name)).number for number, name in enumerate(("anna", "bert", "anna", "anna"), 1)]
    page = await store.sessions.newest("anna", None, 2)
    assert [session.number for session in page] == [numbers[3], numbers[2]]
    assert [session.number for session in await store.sessions.newest("anna", page[-1].number, 2)] == [numbers[0]]
    assert [session.number for session in await store.sessions.newest(None, None, 10)] == numbers[::-1]


async def test_a_code_is_used_once_even_by_two_at_once(store: Store) -> None:
    await store.account()
    entry = await store.entry()
    assert await store.accounts.offer_one_time("anna", key(1), entry.at + timedelta(minutes=10), entry)
    used = await asyncio.gather(*(store.accounts.use_one_time(key(1)) for _ in range(4)))
    assert sorted(used, key=str) == [None, None, None, "anna"]


async def test_a_later_code_replaces_the_earlier_and_an_expired_one_is_void(store: Store) -> None:
    await store.account()
    entry = await store.entry()
    for number in (1, 2):
        assert await store.accounts.offer_one_time("anna", key(number), entry.at + timedelta(minutes=10), entry)
    assert await store.accounts.use_one_time(key(1)) is None
    assert await store.accounts.use_one_time(key(2)) == "anna"
    assert await store.accounts.offer_one_time("anna", key(3), entry.at, entry)
    assert await store.accounts.use_one_time(key(3)) is None


async def test_failures_are_counted_by_bucket_and_network_until_forgotten(store: Store) -> None:
    assert (await store.failures.of(1, "203.0.113.7"))[0] is None
    assert [await store.failures.add(1, "203.0.113.7") for _ in range(3)] == [1, 2, 3]
    assert await store.failures.add(1, "2001:db8::/64") == 1
    assert await store.failures.add(2, "203.0.113.7") == 1
    failed, now = await store.failures.of(1, "203.0.113.7")
    assert failed is not None
    assert failed.failures == 3
    assert now - failed.failed_at < timedelta(seconds=10)
    await store.age_failures(FORGOTTEN + timedelta(seconds=1))
    assert await store.failures.add(1, "203.0.113.7") == 1
    await store.failures.clear(1, "203.0.113.7")
    assert (await store.failures.of(1, "203.0.113.7"))[0] is None
    assert (await store.failures.of(2, "203.0.113.7"))[0] is not None


async def test_the_audit_is_read_by_key_actor_and_action(store: Store) -> None:
    for name in ("anna", "bert", "carl"):
        await store.account(name)
    await store.accounts.set_role("anna", Role.ADMIN, await store.entry("user.role"))
    rows = await store.audit.newest(actor="root", action="user.add", before=None, limit=2)
    assert [(row.action, row.actor, row.detail) for row in rows] == [("user.add", Actor("root", "127.0.0.1"), {"a": [1, None]})] * 2
    assert len(await store.audit.newest(actor="root", action="user.add", before=rows[-1].number, limit=2)) == 1
    assert await store.audit.newest(actor="nobody", action=None, before=None, limit=2) == []
    assert await store.audit.newest(actor=None, action="\N{SNOWMAN}", before=None, limit=2) == []
    assert await store.audit.newest(actor="\N{SNOWMAN}", action=None, before=None, limit=2) == []
    assert await store.audit.actions() == ["user.add", "user.role"]


async def test_old_sessions_codes_and_failures_are_deleted_and_young_ones_kept(alert_settings: Settings) -> None:
    async with Database.connect(alert_settings.database, 2) as database:
        for table in TABLES:
            await database.change(f"DELETE FROM {table}")  # noqa: S608 - as above
        store = Store(
            MariaAccounts(database), MariaSessions(database), MariaLogInFailures(database), MariaAuditLog(database), database, database
        )
        await store.account()
        now: datetime = await database.now()
        await store.session(key(1))
        await store.failures.add(1, "203.0.113.7")
        entry = await store.entry()
        await store.accounts.offer_one_time("anna", key(2), now, entry)
        old, later = MariaOldRows(database), now + timedelta(days=1)
        young = [await old.forget_sessions(now, 10), await old.forget_one_time(now, 10), await old.forget_failed_log_ins(now, 10)]
        gone = [await old.forget_sessions(later, 10), await old.forget_one_time(later, 10), await old.forget_failed_log_ins(later, 10)]
        assert (young, gone) == ([0, 0, 0], [1, 1, 1])
