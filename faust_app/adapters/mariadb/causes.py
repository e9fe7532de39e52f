"""Causes of failed images: counted by the index of causes, with what people decided (`cause`) and the shops asked (`cause_asked`)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.audit import add_audit
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.suspicions import decide_suspicion
from faust_app.core.causes.cause import CURVE_HOURS, Cause, CauseDetails, Mark, ShopShare
from faust_app.core.causes.suspicion import Verdict
from faust_app.core.operators.audit import AuditEntry

_TOP_SHOPS: Final = 20
_EXAMPLES: Final = 10
_MARK: Final = "m.resolved_at, m.resolved_in, m.resolved_from, m.ignored_until, m.note, m.note_by, m.note_at, COALESCE(m.is_ours, FALSE)"
# The sample of the alert is the image that failed last: its row has the release of the newest failure.
_JOINS: Final = """
LEFT JOIN alert a ON a.fingerprint = f.fingerprint
LEFT JOIN image s ON s.shop_no = a.sample_shop AND s.image_id = a.sample_image
LEFT JOIN cause m ON m.fingerprint = f.fingerprint
"""
# Counted in the index alone, which ends in the shop's number: two thousand causes of 100,000 images take 50 ms.
_PAGE: Final = f"""
SELECT f.fingerprint, f.images, f.shops, a.opened_at, a.last_at, s.judged_by, a.sample_shop, a.sample_image, {_MARK}
FROM (
    SELECT fingerprint, COUNT(*) AS images, COUNT(DISTINCT shop_no) AS shops FROM image FORCE INDEX (by_cause)
    WHERE fingerprint IS NOT NULL AND state = 'FAILED' GROUP BY fingerprint
    HAVING images < %s OR (images = %s AND fingerprint > %s) ORDER BY images DESC, fingerprint LIMIT %s
) f {_JOINS} ORDER BY f.images DESC, f.fingerprint
"""  # noqa: S608 - our own columns
_ONE: Final = f"""
SELECT f.fingerprint, f.images, f.shops, a.opened_at, a.last_at, s.judged_by, a.sample_shop, a.sample_image, {_MARK}
FROM (
    SELECT %s AS fingerprint, COUNT(*) AS images, COUNT(DISTINCT shop_no) AS shops FROM image FORCE INDEX (by_cause)
    WHERE fingerprint = %s AND state = 'FAILED'
) f {_JOINS}
"""  # noqa: S608 - our own columns
_SHOPS: Final = """
SELECT f.shop_no, f.images, q.asked_by, q.asked_at FROM (
    SELECT shop_no, COUNT(*) AS images FROM image FORCE INDEX (by_cause) WHERE fingerprint = %s AND state = 'FAILED'
    GROUP BY shop_no ORDER BY images DESC, shop_no LIMIT %s
) f LEFT JOIN cause_asked q ON q.fingerprint = %s AND q.shop_no = f.shop_no ORDER BY f.images DESC, f.shop_no
"""
_CURVE: Final = """
SELECT TIMESTAMPDIFF(HOUR, %s, slot), SUM(occurrences) FROM alert_shop WHERE fingerprint = %s AND slot >= %s
GROUP BY TIMESTAMPDIFF(HOUR, %s, slot)
"""
_EXAMPLES_OF: Final = """
SELECT shop_no, image_id FROM image FORCE INDEX (by_cause) WHERE fingerprint = %s AND state = 'FAILED' LIMIT %s
"""
_NEWEST_RELEASE: Final = """
SELECT s.judged_by FROM alert a JOIN image s ON s.shop_no = a.sample_shop AND s.image_id = a.sample_image WHERE a.fingerprint = %s
"""


class MariaCauses:
    """Implements `flows.ports.causes.Causes` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: tuple[int, str] | None, limit: int) -> list[Cause]:
        images, fingerprint = after or (2**62, "")
        return [_cause(row) for row in await self._database.rows(_PAGE, (images, images, fingerprint, limit))]

    async def details(self, fingerprint: str, now: datetime) -> CauseDetails | None:
        cause = _cause((await self._database.rows(_ONE, (fingerprint, fingerprint)))[0])
        if not cause.images and cause.last_at is None and cause.mark == Mark():
            return None
        shops = await self._database.rows(_SHOPS, (fingerprint, _TOP_SHOPS, fingerprint))
        examples = await self._database.rows(_EXAMPLES_OF, (fingerprint, _EXAMPLES))
        return CauseDetails(cause, [ShopShare(*row) for row in shops], await self._curve(fingerprint, now), list(examples))

    async def resolve(self, fingerprint: str, release: str | None, audit: AuditEntry) -> None:
        async def unit(session: Session) -> None:
            newest = await session.rows(_NEWEST_RELEASE, (fingerprint,))
            now = await session.now()
            values = {"resolved_at": now, "resolved_in": release, "resolved_from": newest[0][0] if newest else None, "ignored_until": None}
            _mark(session, fingerprint, values, now, audit)

        await self._database.run(unit)

    async def ignore(self, fingerprint: str, until: datetime, audit: AuditEntry) -> None:
        await self._set(fingerprint, {"ignored_until": until}, audit)

    async def reopen(self, fingerprint: str, audit: AuditEntry) -> None:
        await self._set(fingerprint, {"resolved_at": None, "resolved_in": None, "resolved_from": None, "ignored_until": None}, audit)

    async def set_note(self, fingerprint: str, note: str | None, audit: AuditEntry) -> None:
        async def unit(session: Session) -> None:
            now = await session.now()
            by, at = (audit.actor.name, now) if note else (None, None)
            _mark(session, fingerprint, {"note": note, "note_by": by, "note_at": at}, now, audit)

        await self._database.run(unit)

    async def set_ours(self, fingerprint: str, audit: AuditEntry, *, is_ours: bool) -> None:
        async def unit(session: Session) -> None:
            now = await session.now()
            _mark(session, fingerprint, {"is_ours": is_ours}, now, audit)
            verdict = Verdict.OURS if is_ours else Verdict.SHOPS
            decide_suspicion(session, fingerprint.partition("@")[0], verdict, audit.actor.name, now)

        await self._database.run(unit)

    async def asked(self, fingerprint: str, shop_no: int, audit: AuditEntry) -> None:
        async def unit(session: Session) -> None:
            now = await session.now()
            sql = (
                "INSERT INTO cause_asked (fingerprint, shop_no, asked_by, asked_at) VALUES (%s, %s, %s, %s)"
                " ON DUPLICATE KEY UPDATE asked_by = VALUES(asked_by), asked_at = VALUES(asked_at)"
            )
            session.enqueue(sql, (fingerprint, shop_no, audit.actor.name, now))
            add_audit(session, replace(audit, at=now))

        await self._database.run(unit)

    async def _set(self, fingerprint: str, values: dict[str, Any], audit: AuditEntry) -> None:
        async def unit(session: Session) -> None:
            _mark(session, fingerprint, values, await session.now(), audit)

        await self._database.run(unit)

    async def _curve(self, fingerprint: str, now: datetime) -> list[int]:
        since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=CURVE_HOURS - 1)
        found: dict[int, int] = dict(await self._database.rows(_CURVE, (since, fingerprint, since, since)))
        return [int(found.get(hour, 0)) for hour in range(CURVE_HOURS)]


def _mark(session: Session, fingerprint: str, values: dict[str, Any], now: datetime, audit: AuditEntry) -> None:
    """Write columns of the cause's row, which is made where there is none, and the audit entry."""
    names = [*values, "updated_at"]
    assignments = ", ".join(f"{name} = VALUES({name})" for name in names)
    sql = (
        f"INSERT INTO cause (fingerprint, {', '.join(names)}) VALUES (%s, {', '.join(['%s'] * len(names))})"  # noqa: S608 - our own columns
        f" ON DUPLICATE KEY UPDATE {assignments}"
    )
    session.enqueue(sql, (fingerprint, *values.values(), now))
    add_audit(session, replace(audit, at=now))


def _cause(values: Sequence[Any]) -> Cause:
    fingerprint, images, shops, first_at, last_at, judged_by, shop_no, image_id = values[:8]
    resolved_at, resolved_in, resolved_from, ignored_until, note, note_by, note_at, is_ours = values[8:]
    sample = None if shop_no is None or image_id is None else (shop_no, image_id)
    mark = Mark(resolved_at, resolved_in, resolved_from, ignored_until, note, note_by, note_at, bool(is_ours))
    return Cause(fingerprint, images, shops, first_at, last_at, judged_by, sample, mark)
