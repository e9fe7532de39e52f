"""The tables `session` and `log_in_failure`: who is logged in, and which log-ins failed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.accounts import ACCOUNT_COLUMNS, REVOKE_ALL, account_of
from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.database import Session as Statements
from faust_app.core.operators.access import Account, Session
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.operators.lockout import FORGOTTEN, FailedLogIns

COLUMNS: Final = "session.id, session.account, session.created_at, session.seen_at, session.remote, session.user_agent, session.revoked_at"
_WIDTH: Final = 7
_FIND: Final = f"""
SELECT {COLUMNS}, {ACCOUNT_COLUMNS}, UTC_TIMESTAMP(6) FROM session JOIN account ON account.name = session.account WHERE token_hash = %s
"""  # noqa: S608 - our own columns
_ADD: Final = """
INSERT INTO session (token_hash, account, created_at, seen_at, remote, user_agent) VALUES (%s, %s, %s, %s, %s, %s)
"""
# Assignments are evaluated from left to right: the count is decided by the time of the failure before.
_ADD_FAILURE: Final = """
INSERT INTO log_in_failure (network, bucket, failures, failed_at) VALUES (%s, %s, 1, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
    failures = IF(failed_at <= UTC_TIMESTAMP(6) - INTERVAL %s SECOND, 1, LEAST(failures + 1, 1000000)),
    failed_at = UTC_TIMESTAMP(6)
"""


class MariaSessions:
    """Implements `flows.ports.operators.Sessions` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: Session, token_hash: bytes, audit: AuditEntry) -> Session:
        values = (token_hash, session.account, session.created_at, session.seen_at, session.remote, session.user_agent)

        async def unit(statements: Statements) -> int:
            statements.enqueue(_ADD, values)
            ((number,),) = await statements.rows("SELECT LAST_INSERT_ID()")
            add_audit(statements, audit)
            return int(number)

        return replace(session, number=await self._database.run(unit))

    async def find(self, token_hash: bytes) -> tuple[Session, Account, datetime] | None:
        found = await self._database.rows(_FIND, (token_hash,))
        if not found:
            return None
        row = found[0]
        return session_of(row[:_WIDTH]), account_of(row[_WIDTH:-1]), row[-1]

    async def get(self, number: int) -> Session | None:
        sql = f"SELECT {COLUMNS} FROM session WHERE id = %s"  # noqa: S608 - as above
        found = await self._database.rows(sql, (number,))
        return session_of(found[0]) if found else None

    async def saw(self, number: int) -> None:
        await self._database.change("UPDATE session SET seen_at = UTC_TIMESTAMP(6) WHERE id = %s AND revoked_at IS NULL", (number,))

    async def newest(self, account: str | None, before: int | None, limit: int) -> list[Session]:
        of_one, values = ("account = %s AND", [account]) if account is not None else ("", [])
        sql = f"SELECT {COLUMNS} FROM session WHERE {of_one} id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608 - as above
        rows = await self._database.rows(sql, [*values, 2**63 if before is None else before, limit])
        return [session_of(row) for row in rows]

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        async def unit(statements: Statements) -> bool:
            sql = "UPDATE session SET revoked_at = UTC_TIMESTAMP(6) WHERE id = %s AND revoked_at IS NULL"
            ended = bool(await statements.change(sql, (number,)))
            if ended:
                add_audit(statements, audit)
            return ended

        return await self._database.run(unit)

    async def revoke_all(self, account: str, but: int | None, audit: AuditEntry) -> int:
        async def unit(statements: Statements) -> int:
            ended = await statements.change(REVOKE_ALL, (account, but or 0))
            add_audit(statements, replace(audit, detail={**audit.detail, "sessions": ended}))
            return ended

        return await self._database.run(unit)


class MariaLogInFailures:
    """Implements `flows.ports.operators.LogInFailures` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, bucket: int, network: str) -> tuple[FailedLogIns | None, datetime]:
        sql = "SELECT UTC_TIMESTAMP(6), failures, failed_at FROM (SELECT 1) one LEFT JOIN log_in_failure ON network = %s AND bucket = %s"
        ((now, failures, failed_at),) = await self._database.rows(sql, (network, bucket))
        return (None if failures is None else FailedLogIns(failures, failed_at)), now

    async def add(self, bucket: int, network: str) -> int:
        async def unit(statements: Statements) -> int:
            statements.enqueue(_ADD_FAILURE, (network, bucket, FORGOTTEN.total_seconds()))
            sql = "SELECT failures FROM log_in_failure WHERE network = %s AND bucket = %s"
            ((failures,),) = await statements.rows(sql, (network, bucket))
            return int(failures)

        return await self._database.run(unit)

    async def clear(self, bucket: int, network: str) -> None:
        await self._database.change("DELETE FROM log_in_failure WHERE network = %s AND bucket = %s", (network, bucket))


def session_of(values: Sequence[Any]) -> Session:
    """Build a session from a result of COLUMNS."""
    return Session(*values)
