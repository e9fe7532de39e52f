"""The table `alert_recovery`: faults that are over, what they held up, and whether that is done."""

from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.alerts.alert import Alert
from faust_app.core.alerts.recovery import Aftermath, Recovery, holds_up
from faust_app.core.causes.suspicion import Verdict
from faust_app.core.failure_codes import Severity
from faust_app.core.images.row import ScheduleReason

# The alert as it was in the episode that is over; its row may be in a later one.
_OPEN: Final = """
SELECT r.fingerprint, a.code, a.host, a.severity, r.episode, r.opened_at, a.last_at, a.occurrences, a.closed_at, a.episode,
    r.ended_at, r.images, r.counted_at
FROM alert_recovery r JOIN alert a ON a.fingerprint = r.fingerprint WHERE r.caught_up_at IS NULL ORDER BY r.ended_at
"""
# A fault that returned before its alert was closed ends once more, in the same episode.
_BEGIN: Final = """
INSERT INTO alert_recovery (fingerprint, episode, opened_at, ended_at, images, counted_at) VALUES (%s, %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE ended_at = VALUES(ended_at), images = VALUES(images), counted_at = VALUES(counted_at), caught_up_at = NULL
"""
_FOR_SOURCES: Final = f"('{ScheduleReason.RETRY.value}', '{ScheduleReason.DEFERRED.value}')"
# Unfinished images only have `open_since`, and so are all that this index holds.
_HELD_UP: Final = f"""
SELECT COUNT(*) FROM image FORCE INDEX (by_open_since)
WHERE open_since <= %s AND (schedule_reason IS NULL OR schedule_reason NOT IN {_FOR_SOURCES})
"""  # noqa: S608 - made of constants
# Ids rise with time, and each minute's sample keeps the newest: the range begins with the minute before the end. A version is
# the time of its request in microseconds, or above the row's last.
_DONE_SINCE: Final = """
SELECT COUNT(*) FROM image_history
WHERE id > (SELECT MAX(history_id) FROM sample WHERE at <= %s - INTERVAL 1 MINUTE) AND at > %s
    AND version <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', %s) AND outcome IN ('stored', 'same_bytes', 'not_modified', 'deleted', 'failed')
"""
_WAITING: Final = f"""
SELECT COUNT(*) FROM image FORCE INDEX (by_open_since) WHERE open_since <= %s AND schedule_reason IN {_FOR_SOURCES}
"""  # noqa: S608 - made of constants
_FAILED: Final = """
SELECT COUNT(*) FROM image FORCE INDEX (by_state)
WHERE state = 'FAILED' AND error_code IN ({codes}) AND updated_at >= %s AND updated_at <= %s
"""
# What a release failed with a code that it was suspected of while the alert was open, unless a person blamed the shops.
_OF_RELEASE: Final = f"""
SELECT COUNT(*), MAX(x.judged_by)
FROM suspicion x JOIN image i FORCE INDEX (by_state) ON i.error_code = x.code AND i.judged_by = x.judged_by
WHERE i.state = 'FAILED' AND x.code = %s AND x.found_at <= %s AND (x.ended_at IS NULL OR x.ended_at >= %s)
    AND (x.verdict IS NULL OR x.verdict <> '{Verdict.SHOPS.value}')
"""  # noqa: S608 - made of constants


class MariaRecoveries:
    """Implements `flows.ports.alerts.Recoveries` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> list[tuple[Recovery, int]]:
        return [_recovery(row) for row in await self._database.rows(_OPEN)]

    async def begin(self, recovery: Recovery) -> None:
        alert = recovery.alert
        values = (alert.fingerprint, alert.episode, alert.opened_at, recovery.ended_at, recovery.delayed, recovery.counted_at)
        await self._database.change(_BEGIN, values)

    async def held_up(self, since: datetime) -> int:
        ((count,),) = await self._database.rows(_HELD_UP, (since,))
        return int(count)

    async def done_since(self, end: datetime) -> int:
        ((count,),) = await self._database.rows(_DONE_SINCE, (end, end, end))
        return int(count)

    async def aftermath(self, recovery: Recovery, codes: tuple[str, ...], until: datetime) -> Aftermath:
        failed, release = 0, None
        if holds_up(recovery.alert) and codes:
            sql = _FAILED.format(codes=",".join(["%s"] * len(codes)))
            ((failed,),) = await self._database.rows(sql, (*codes, recovery.alert.opened_at, until))
        for code in () if holds_up(recovery.alert) else codes:
            ((failed, release),) = await self._database.rows(_OF_RELEASE, (code, recovery.ended_at, recovery.alert.opened_at))
        ((waiting,),) = await self._database.rows(_WAITING, (recovery.ended_at,)) if holds_up(recovery.alert) else ((0,),)
        return Aftermath(int(failed), int(waiting), release)


async def mark_recovered(session: Session, recovery: Recovery, now: datetime) -> bool:
    """Write that nothing is left of a recovery; return whether it was open."""
    sql = "UPDATE alert_recovery SET caught_up_at = %s WHERE fingerprint = %s AND episode = %s AND caught_up_at IS NULL"
    return bool(await session.change(sql, (now, recovery.alert.fingerprint, recovery.alert.episode)))


def _recovery(row: tuple[Any, ...]) -> tuple[Recovery, int]:
    fingerprint, code, host, severity, episode, opened_at, last_at, count, closed_at, now_at, ended_at, images, counted_at = row
    alert = Alert(fingerprint, code, host, Severity(severity), episode, opened_at, last_at, count, ended_at=ended_at, closed_at=closed_at)
    return Recovery(alert, ended_at, images, counted_at), now_at
