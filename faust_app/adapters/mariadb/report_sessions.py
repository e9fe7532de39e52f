"""The tables `report_session` and `report_link_use`: which links of shops were used, and who is in by them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.operators.audit import AuditEntry
from faust_app.core.reports.link import ReportLink, rights_of, rights_text
from faust_app.core.reports.session import ReportSession

_COLUMNS: Final = "id, shop_no, rights, framed, created_at, seen_at, remote, user_agent, revoked_at"
_FIND: Final = f"SELECT {_COLUMNS}, UTC_TIMESTAMP(6) FROM report_session WHERE token_hash = %s"  # noqa: S608 - our own columns
# A link that was used changes nothing; IGNORE would do the same and hide other errors.
_USE: Final = "INSERT INTO report_link_use (used, ends_at) VALUES (%s, %s) ON DUPLICATE KEY UPDATE used = report_link_use.used"
_ADD: Final = """
INSERT INTO report_session (token_hash, shop_no, rights, framed, created_at, seen_at, remote, user_agent)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class MariaReportSessions:
    """Implements `flows.ports.reports.ReportSessions` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, link: ReportLink, session: ReportSession, token_hash: bytes, audit: AuditEntry) -> ReportSession | None:
        rights, times = rights_text(session.rights), (session.created_at, session.seen_at)
        values = (token_hash, session.shop_no, rights, session.framed, *times, session.remote, session.user_agent)

        async def unit(statements: Session) -> int | None:
            ends_at = datetime.fromtimestamp(link.ends_at, UTC).replace(tzinfo=None)
            if not await statements.change(_USE, (link.use, ends_at)):
                return None
            statements.enqueue(_ADD, values)
            ((number,),) = await statements.rows("SELECT LAST_INSERT_ID()")
            add_audit(statements, audit)
            return int(number)

        number = await self._database.run(unit)
        return None if number is None else replace(session, number=number)

    async def find(self, token_hash: bytes) -> tuple[ReportSession, datetime] | None:
        found = await self._database.rows(_FIND, (token_hash,))
        return (_session_of(found[0][:-1]), found[0][-1]) if found else None

    async def saw(self, number: int) -> None:
        await self._database.change("UPDATE report_session SET seen_at = UTC_TIMESTAMP(6) WHERE id = %s AND revoked_at IS NULL", (number,))

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        async def unit(statements: Session) -> bool:
            sql = "UPDATE report_session SET revoked_at = UTC_TIMESTAMP(6) WHERE id = %s AND revoked_at IS NULL"
            ended = bool(await statements.change(sql, (number,)))
            if ended:
                add_audit(statements, audit)
            return ended

        return await self._database.run(unit)

    async def revoke_all(self, shop_no: int, audit: AuditEntry) -> int:
        async def unit(statements: Session) -> int:
            sql = "UPDATE report_session SET revoked_at = UTC_TIMESTAMP(6) WHERE shop_no = %s AND revoked_at IS NULL"
            ended = await statements.change(sql, (shop_no,))
            add_audit(statements, replace(audit, detail={**audit.detail, "sessions": ended}))
            return ended

        return await self._database.run(unit)


def _session_of(values: Sequence[Any]) -> ReportSession:
    number, shop_no, rights, framed, *rest = values
    return ReportSession(number, shop_no, rights_of(rights), bool(framed), *rest)
