"""The tables `account` and `one_time_log_in`: who may log in."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.operators.access import Account, ListedAccount, Role, Shops
from faust_app.core.operators.audit import AuditEntry

ACCOUNT_COLUMNS: Final = "account.name, account.role, account.shops, account.created_at, account.disabled_at, account.password_hash"
# A name that is taken changes nothing; IGNORE would do the same and hide other errors.
_ADD: Final = """
INSERT INTO account (name, role, shops, created_at, password_hash) VALUES (%s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE name = account.name
"""
_LISTED: Final = f"""
SELECT {ACCOUNT_COLUMNS}, MAX(session.created_at), COUNT(IF(session.revoked_at IS NULL, 1, NULL))
FROM account LEFT JOIN session ON session.account = account.name GROUP BY account.name ORDER BY account.name
"""  # noqa: S608 - our own columns
REVOKE_ALL: Final = "UPDATE session SET revoked_at = UTC_TIMESTAMP(6) WHERE account = %s AND revoked_at IS NULL AND id <> %s"
_NO_SESSION: Final = 0


class MariaAccounts:
    """Implements `flows.ports.operators.Accounts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> Account | None:
        sql = f"SELECT {ACCOUNT_COLUMNS} FROM account WHERE name = %s"  # noqa: S608 - our own columns
        found = await self._database.rows(sql, (name,))
        return account_of(found[0]) if found else None

    async def listed(self) -> list[ListedAccount]:
        return [ListedAccount(account_of(row[:-2]), row[-2], row[-1]) for row in await self._database.rows(_LISTED)]

    async def add(self, account: Account, audit: AuditEntry) -> bool:
        values = (account.name, account.role.value, _json(account.shops), account.created_at, account.password_hash)

        async def unit(session: Session) -> bool:
            added = bool(await session.change(_ADD, values))
            if added:
                add_audit(session, audit)
            return added

        return await self._database.run(unit)

    async def set_role(self, name: str, role: Role, audit: AuditEntry) -> bool:
        return await self._set(name, "role = %s", [role.value], audit)

    async def set_shops(self, name: str, shops: Shops, audit: AuditEntry) -> bool:
        return await self._set(name, "shops = %s", [_json(shops)], audit)

    async def set_password(self, name: str, password_hash: str, audit: AuditEntry) -> bool:
        return await self._set(name, "password_hash = %s", [password_hash], audit, logs_out=True)

    async def rehash(self, name: str, before: str, after: str) -> None:
        sql = "UPDATE account SET password_hash = %s WHERE name = %s AND password_hash = %s"
        await self._database.change(sql, (after, name, before))

    async def disable(self, name: str, audit: AuditEntry) -> bool:
        return await self._set(name, "disabled_at = COALESCE(disabled_at, UTC_TIMESTAMP(6))", [], audit, logs_out=True)

    async def enable(self, name: str, audit: AuditEntry) -> bool:
        return await self._set(name, "disabled_at = NULL", [], audit)

    async def offer_one_time(self, name: str, code_hash: bytes, expires_at: datetime, audit: AuditEntry) -> bool:
        sql = (
            "INSERT INTO one_time_log_in (account, code_hash, expires_at) VALUES (%s, %s, %s)"
            " ON DUPLICATE KEY UPDATE code_hash = VALUES(code_hash), expires_at = VALUES(expires_at)"
        )

        async def unit(session: Session) -> bool:
            if not await _locked(session, name):
                return False
            session.enqueue(sql, (name, code_hash, expires_at))
            add_audit(session, audit)
            return True

        return await self._database.run(unit)

    async def use_one_time(self, code_hash: bytes) -> str | None:
        find = "SELECT account FROM one_time_log_in WHERE code_hash = %s AND expires_at > UTC_TIMESTAMP(6) FOR UPDATE"

        async def unit(session: Session) -> str | None:
            found = await session.rows(find, (code_hash,))
            if not found:
                return None
            session.enqueue("DELETE FROM one_time_log_in WHERE code_hash = %s", (code_hash,))
            return str(found[0][0])

        return await self._database.run(unit)

    async def _set(self, name: str, assignment: str, values: list[Any], audit: AuditEntry, *, logs_out: bool = False) -> bool:
        async def unit(session: Session) -> bool:
            # Locked first: the count of changed rows does not tell an unknown account from one that has the value already.
            if not await _locked(session, name):
                return False
            session.enqueue(f"UPDATE account SET {assignment} WHERE name = %s", [*values, name])  # noqa: S608 - as above
            if logs_out:
                session.enqueue("DELETE FROM one_time_log_in WHERE account = %s", (name,))
                session.enqueue(REVOKE_ALL, (name, _NO_SESSION))
            add_audit(session, audit)
            return True

        return await self._database.run(unit)


def account_of(values: Sequence[Any]) -> Account:
    """Build an account from a result of ACCOUNT_COLUMNS."""
    name, role, shops, created_at, disabled_at, password_hash = values
    limited = None if shops is None else frozenset(json.loads(shops))
    return Account(name, Role(role), limited, created_at, disabled_at, password_hash)


async def _locked(session: Session, name: str) -> bool:
    return bool(await session.rows("SELECT 1 FROM account WHERE name = %s FOR UPDATE", (name,)))


def _json(shops: Shops) -> str | None:
    return None if shops is None else json.dumps(sorted(shops))
