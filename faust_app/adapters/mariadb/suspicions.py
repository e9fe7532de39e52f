"""The table `suspicion`: what is suspected of a release, and what people said about it; and for which failures no shop is blamed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.causes.suspicion import Blame, Rise, Suspicion, Verdict

_COLUMNS: Final = "code, judged_by, since, found_at, share_before, share_since, hosts, images, ended_at, verdict, decided_by, decided_at"
_ALL: Final = f"SELECT {_COLUMNS} FROM suspicion"  # noqa: S608 - our own columns
_FOUND: Final = """
INSERT INTO suspicion (code, judged_by, since, found_at, share_before, share_since, hosts, images) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE ended_at = IF(verdict IS NULL, NULL, ended_at), found_at = VALUES(found_at),
    share_before = VALUES(share_before), share_since = VALUES(share_since), hosts = VALUES(hosts), images = VALUES(images)
"""
_DECIDE: Final = "UPDATE suspicion SET verdict = %s, decided_by = %s, decided_at = %s WHERE code = %s AND ended_at IS NULL"


class MariaSuspicions:
    """Implements `flows.ports.causes.Suspicions` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self) -> list[Suspicion]:
        return [_suspicion(row) for row in await self._database.rows(_ALL)]

    async def add(self, suspicions: Sequence[Suspicion]) -> None:
        for each in suspicions:
            rise = each.rise
            values = (each.code, each.release, each.since, each.found_at, rise.before, rise.since, rise.hosts, rise.images)
            await self._database.change(_FOUND, values)

    async def end(self, suspicions: Sequence[Suspicion], now: datetime) -> None:
        for each in suspicions:
            sql = "UPDATE suspicion SET ended_at = %s WHERE code = %s AND judged_by = %s AND ended_at IS NULL"
            await self._database.change(sql, (now, each.code, each.release))

    async def blame(self) -> Blame:
        causes = await self._database.rows("SELECT fingerprint FROM cause WHERE is_ours")
        return Blame(frozenset(fingerprint for (fingerprint,) in causes), tuple(await self.known()))


def decide_suspicion(session: Session, code: str, verdict: Verdict, by: str, now: datetime) -> None:
    """Write what a person said about a code, for every release suspected of it that is still at work; a no-op without one."""
    session.enqueue(_DECIDE, (verdict.value, by, now, code))


def _suspicion(row: Sequence[Any]) -> Suspicion:
    code, release, since, found_at, before, share, hosts, images, ended_at, verdict, by, at = row
    rise = Rise(code, before, share, hosts, images)
    return Suspicion(code, release, since, found_at, rise, ended_at, Verdict(verdict) if verdict else None, by, at)
