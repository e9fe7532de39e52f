"""The table `audit`: every change by an operator, written with the change itself."""

import json

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.foreign import one_line
from faust_app.core.operators.audit import Actor, AuditEntry, AuditRow

_TARGET_CHARACTERS = 200


def add_audit(session: Session, entry: AuditEntry) -> None:
    """Add an entry inside the transaction that makes the change."""
    sql = "INSERT INTO audit (at, actor, remote, action, target, detail) VALUES (%s, %s, %s, %s, %s, %s)"
    target, detail = one_line(entry.target)[:_TARGET_CHARACTERS], json.dumps(dict(entry.detail))
    session.enqueue(sql, (entry.at, entry.actor.name, entry.actor.remote, entry.action, target, detail))


class MariaAuditLog:
    """Implements `flows.ports.operators.AuditLog` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, *, actor: str | None, action: str | None, before: int | None, limit: int) -> list[AuditRow]:
        if action is not None and not action.isascii():  # MariaDB cannot compare it with the column, which is ASCII
            return []
        wanted = {"actor": actor, "action": action}
        given = {column: value for column, value in wanted.items() if value is not None}
        conditions = "".join(f"{column} = %s AND " for column in given)
        sql = (
            "SELECT id, at, actor, remote, action, target, detail FROM audit"  # noqa: S608 - our own columns
            f" WHERE {conditions}id < %s ORDER BY id DESC LIMIT %s"
        )
        rows = await self._database.rows(sql, [*given.values(), 2**63 if before is None else before, limit])
        return [AuditRow(row[0], row[1], Actor(row[2], row[3]), row[4], row[5], json.loads(row[6] or "{}")) for row in rows]

    async def actions(self) -> list[str]:
        return [action for (action,) in await self._database.rows("SELECT action FROM audit GROUP BY action ORDER BY action")]
