"""Who works on an alert: written with the audit entry, on the alert's own row."""

from dataclasses import replace

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.operators.audit import AuditEntry


class MariaTakenAlerts:
    """Implements `flows.ports.alerts.TakenAlerts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, fingerprint: str, audit: AuditEntry) -> bool:
        sql = "UPDATE alert SET taken_by = %s, taken_at = UTC_TIMESTAMP(6) WHERE fingerprint = %s AND closed_at IS NULL"
        return await self._write(sql, (audit.actor.name, fingerprint), audit)

    async def release(self, fingerprint: str, audit: AuditEntry) -> bool:
        sql = "UPDATE alert SET taken_by = NULL, taken_at = NULL WHERE fingerprint = %s AND closed_at IS NULL AND taken_at IS NOT NULL"
        return await self._write(sql, (fingerprint,), audit)

    async def _write(self, sql: str, parameters: tuple[str, ...], audit: AuditEntry) -> bool:
        async def unit(session: Session) -> bool:
            if not await session.change(sql, parameters):
                return False
            add_audit(session, replace(audit, at=await session.now()))
            return True

        return await self._database.run(unit)
