"""The table `audit`: every change by an operator, written with the change itself."""

import json

from faust_app.adapters.mariadb.database import Session
from faust_app.core.foreign import one_line
from faust_app.core.operators.audit import AuditEntry

_TARGET_CHARACTERS = 200


async def add_audit(session: Session, entry: AuditEntry) -> None:
    """Add an entry inside the transaction that makes the change."""
    sql = "INSERT INTO audit (at, actor, remote, action, target, detail) VALUES (%s, %s, %s, %s, %s, %s)"
    target, detail = one_line(entry.target)[:_TARGET_CHARACTERS], json.dumps(dict(entry.detail))
    await session.change(sql, (entry.at, entry.actor.name, entry.actor.remote, entry.action, target, detail))
