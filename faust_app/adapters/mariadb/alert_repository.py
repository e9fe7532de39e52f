"""The table `alert` as its sender uses it: candidates for a message, their impact, and the decisions about them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.alert_digest import count_for_digest
from faust_app.adapters.mariadb.alert_messages import add_message
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.job_runs import MariaJobRuns, note_run
from faust_app.adapters.mariadb.leases import holds
from faust_app.adapters.mariadb.recoveries import mark_recovered
from faust_app.adapters.mariadb.suspicions import MariaSuspicions
from faust_app.core.alerts.alert import HOUR, QUIET, SLOT, Alert, slot_of
from faust_app.core.alerts.decide import SENDER, AlertsSnapshot, Candidate, LastDigest, Step
from faust_app.core.alerts.digest import DIGEST, DigestCounts, Span
from faust_app.core.alerts.notices import SHOP_SHARE_FLOOR, SHOP_SIZE_MATTERS, ShopHour
from faust_app.core.alerts.text import Impact
from faust_app.core.alerts.urgency import Urgency
from faust_app.core.causes.suspicion import Blame
from faust_app.core.failure_codes import Severity

_COLUMNS: Final = (
    "fingerprint, code, host, severity, episode, opened_at, last_at, occurrences, detail, ended_at, closed_at, reported_at, reported_count,"
    " sample_shop, sample_image, woken_at, taken_by, taken_at"
)
_LIMIT: Final = 5000
_TOP: Final = 5
_GROWTH: Final = timedelta(minutes=10)

# Only alerts that `notice_for` can return a notice for: thousands of dead links need not be read on every pass.
_CANDIDATES: Final = f"""
SELECT {_COLUMNS} FROM alert WHERE closed_at IS NULL AND (
    severity = 'platform' OR reported_count > 0 OR ended_at IS NOT NULL OR last_at <= %s OR occurrences >= {SHOP_SHARE_FLOOR}
) ORDER BY severity, opened_at LIMIT {_LIMIT}
"""  # noqa: S608 - made of constants
_HOURS: Final = f"""
SELECT s.fingerprint, s.shop_no, SUM(s.occurrences) AS failed FROM alert_shop s JOIN alert a ON a.fingerprint = s.fingerprint
WHERE a.closed_at IS NULL AND a.severity = 'shop' AND a.reported_count = 0 AND a.occurrences >= {SHOP_SHARE_FLOOR}
    AND s.slot > %s AND s.slot >= a.opened_at - INTERVAL {SLOT.seconds} SECOND
GROUP BY s.fingerprint, s.shop_no HAVING failed >= {SHOP_SHARE_FLOOR} ORDER BY failed DESC LIMIT 500
"""  # noqa: S608 - made of constants
_SIZE: Final = "(SELECT %s, COUNT(*) FROM (SELECT 1 FROM image WHERE shop_no = %s AND version > 0 AND state <> 'DELETED' LIMIT %s) counted)"
_IMPACT: Final = """
SELECT shop_no, SUM(occurrences) AS images, SUM(IF(slot > %s, occurrences, 0)), SUM(IF(slot > %s AND slot <= %s, occurrences, 0))
FROM alert_shop WHERE fingerprint = %s AND slot >= %s GROUP BY shop_no ORDER BY images DESC, shop_no
"""
# Any unsent message is undelivered; the attempts of the newest one show whether the messenger was unavailable.
_MESSAGES: Final = """
SELECT (SELECT COUNT(*) FROM alert_message WHERE created_at > %s), EXISTS (SELECT 1 FROM alert_message WHERE sent_at IS NULL),
    COALESCE((SELECT attempts > 1 FROM alert_message ORDER BY id DESC LIMIT 1), 0)
"""


class MariaAlertRepository:
    """Implements `flows.ports.alerts.AlertRepository` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = MariaJobRuns(database)
        self._suspicions = MariaSuspicions(database)

    async def snapshot(self, now: datetime) -> AlertsSnapshot:
        alerts = [_alert(values) for values in await self._database.rows(_CANDIDATES, (now - QUIET,))]
        hours = await self._hours(now)
        ((sent, undelivered, was_unavailable),) = await self._database.rows(_MESSAGES, (now - HOUR,))
        digest, blame = await self._runs.last(DIGEST), await self._suspicions.blame()
        return AlertsSnapshot(
            now=now,
            candidates=tuple(Candidate(alert, tuple(hours.get(alert.fingerprint, ())), _is_ours(alert, blame)) for alert in alerts),
            sent_in_hour=sent,
            undelivered=bool(undelivered),
            messenger_was_unavailable=bool(was_unavailable),
            last_digest=None if digest is None else LastDigest(digest.day, digest.finished),
            open_by_severity=await self._open_by_severity(),
        )

    async def open_alerts(self, limit: int) -> list[Alert]:
        sql = f"SELECT {_COLUMNS} FROM alert WHERE closed_at IS NULL ORDER BY severity, occurrences DESC LIMIT %s"  # noqa: S608
        return [_alert(values) for values in await self._database.rows(sql, (limit,))]

    async def impact(self, alerts: Sequence[Alert], now: datetime) -> dict[str, Impact]:
        return {alert.fingerprint: await self._impact(alert, now) for alert in alerts}

    async def digest_counts(self, span: Span) -> DigestCounts:
        return await count_for_digest(self._database, span)

    async def record(self, step: Step, holder: str) -> bool:
        """Write the step under the sender's lease, or nothing if the alerts changed since they were read.

        They changed when an alert to report was reported or closed, an alert to close was counted, reported or closed, a recovery
        ended, or a message is undelivered.
        """

        async def unit(session: Session) -> bool:
            # A process that was frozen still believes it is the sender, so the writing transaction checks the lease again.
            if not await holds(session, SENDER, holder):
                return False
            if step.message is not None and await session.rows("SELECT 1 FROM alert_message WHERE sent_at IS NULL LIMIT 1"):
                return False
            if not await _mark_reported(session, step) or not await _close(session, step):
                raise _MovedOn
            for recovery in step.recovered:
                if not await mark_recovered(session, recovery, step.now):
                    raise _MovedOn
            if step.digest is not None:
                note_run(session, DIGEST, step.digest, step.now)
            if step.message is not None:
                add_message(session, step.message)
            return True

        try:
            return await self._database.run(unit)
        except _MovedOn:
            return False

    async def _open_by_severity(self) -> tuple[tuple[str, int], ...]:
        found: dict[str, int] = dict(
            await self._database.rows("SELECT severity, COUNT(*) FROM alert WHERE closed_at IS NULL GROUP BY severity")
        )
        return tuple((severity.value, found.get(severity.value, 0)) for severity in Severity)

    async def _hours(self, now: datetime) -> dict[str, list[ShopHour]]:
        """Return, by fingerprint, the shops with enough failures within the hour for their size to matter."""
        found = await self._database.rows(_HOURS, (slot_of(now - HOUR) - timedelta(seconds=1),))
        sizes = await self._sizes(sorted({shop_no for _, shop_no, _ in found}))
        hours: dict[str, list[ShopHour]] = defaultdict(list)
        for fingerprint, shop_no, failed in found:
            hours[fingerprint].append(ShopHour(shop_no, int(failed), sizes[shop_no]))
        return hours

    async def _sizes(self, shops: Sequence[int]) -> dict[int, int]:
        """Count each shop's images, up to SHOP_SIZE_MATTERS."""
        if not shops:
            return {}
        flat = [value for shop_no in shops for value in (shop_no, shop_no, SHOP_SIZE_MATTERS)]
        rows = await self._database.rows(" UNION ALL ".join([_SIZE] * len(shops)), flat)
        return {int(shop_no): int(count) for shop_no, count in rows}

    async def _impact(self, alert: Alert, now: datetime) -> Impact:
        recent, before = now - _GROWTH, now - 2 * _GROWTH
        shops = await self._database.rows(_IMPACT, (recent, before, recent, alert.fingerprint, slot_of(alert.opened_at)))
        workers = await self._database.rows(
            "SELECT worker, waiting FROM alert_worker WHERE fingerprint = %s ORDER BY worker", (alert.fingerprint,)
        )
        return Impact(
            shops=len(shops),
            top_shops=tuple((shop_no, int(images)) for shop_no, images, _, _ in shops[:_TOP]),
            recent=sum(int(row[2]) for row in shops),
            before=sum(int(row[3]) for row in shops),
            workers=tuple(worker for worker, _ in workers),
            waiting=sum(waiting for _, waiting in workers),
        )


class _MovedOn(Exception):  # noqa: N818 - not a failure: rolls back a step whose decision is stale
    """The alerts changed after the step was decided."""


async def _mark_reported(session: Session, step: Step) -> bool:
    # In order of fingerprint, as alerts are locked everywhere.
    for due in sorted(step.reported, key=lambda due: due.alert.fingerprint):
        alert = due.alert
        sql = (
            "UPDATE alert SET reported_at = %s, reported_count = GREATEST(%s, 1), woken_at = COALESCE(woken_at, %s)"
            " WHERE fingerprint = %s AND episode = %s AND closed_at IS NULL AND reported_count = %s AND woken_at <=> %s"
        )
        woken_at = step.now if due.urgency is Urgency.WAKE else None
        known = (alert.fingerprint, alert.episode, alert.reported_count, alert.woken_at)
        if not await session.change(sql, (step.now, alert.occurrences, woken_at, *known)):
            return False
    return True


async def _close(session: Session, step: Step) -> bool:
    """Close alerts, and forget which processes had the fault; return False if one changed since it was read."""
    alerts = sorted(step.closed, key=lambda alert: alert.fingerprint)
    for start in range(0, len(alerts), 500):
        group = alerts[start : start + 500]
        marks = ",".join(["(%s,%s,TIMESTAMP%s)"] * len(group))
        flat = [value for alert in group for value in (alert.fingerprint, alert.episode, alert.last_at)]
        sql = f"UPDATE alert SET closed_at = %s WHERE (fingerprint, episode, last_at) IN ({marks}) AND closed_at IS NULL"  # noqa: S608
        if await session.change(sql, [step.now, *flat]) != len(group):
            return False
        names = ",".join(["%s"] * len(group))
        session.enqueue(
            f"DELETE FROM alert_worker WHERE fingerprint IN ({names})",  # noqa: S608
            [alert.fingerprint for alert in group],
        )
    return True


def _is_ours(alert: Alert, blame: Blame) -> bool:
    return not alert.is_fault and blame.is_ours_now(alert.fingerprint)


def _alert(values: tuple[Any, ...]) -> Alert:
    fingerprint, code, host, severity, *rest = values
    return Alert(fingerprint, code, host, Severity(severity), *rest)
