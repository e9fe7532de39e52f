"""The table `outcome_count`: how many images ended, by release, code and host, in hours of the clock."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.alerts.alert import Occurrence
from faust_app.core.causes.suspicion import CODES, Outcomes, Release

_COLUMNS: Final = 8
_COUNT: Final = """
INSERT INTO outcome_count (code, slot, judged_by, host, worker, outcomes, first_at, last_at) VALUES {values}
ON DUPLICATE KEY UPDATE outcomes = outcomes + VALUES(outcomes), last_at = GREATEST(last_at, VALUES(last_at))
"""
_RELEASES: Final = """
SELECT judged_by, MIN(first_at), MAX(last_at), SUM(outcomes) FROM outcome_count WHERE code = '' AND slot >= %s GROUP BY judged_by
"""
_TOTAL: Final = "SELECT COALESCE(SUM(outcomes), 0) FROM outcome_count WHERE code = '' AND slot >= %s AND judged_by IN ({releases})"
# The primary key begins with code and slot: one range for each code.
_FAILED: Final = """
SELECT code, host, SUM(outcomes) FROM outcome_count
WHERE code IN ({codes}) AND slot >= %s AND judged_by IN ({releases}) GROUP BY code, host
"""
_CODES: Final = ",".join(["%s"] * len(CODES))


def count_outcomes(
    session: Session, outcomes: int, failures: Sequence[Occurrence], *, release: str, worker: str | None, now: datetime
) -> None:
    """Count images that ended, and those of them that failed, in one statement; nothing where none ended."""
    if not outcomes:
        return
    counts = Counter((each.code.value, each.host or "") for each in failures if each.shop_no is not None)
    counts["", ""] = outcomes
    slot = _hour_of(now)
    flat: list[object] = []
    for (code, host), count in sorted(counts.items()):
        flat += (code, slot, release, host, worker or "", count, now, now)
    mark = f"({','.join(['%s'] * _COLUMNS)})"
    session.enqueue(_COUNT.format(values=",".join([mark] * len(counts))), flat)


class MariaOutcomeCounts:
    """Implements `flows.ports.causes.OutcomeCounts` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def releases(self, since: datetime) -> list[Release]:
        rows = await self._database.rows(_RELEASES, (_hour_of(since),))
        return [Release(name, first_at, last_at, int(outcomes)) for name, first_at, last_at, outcomes in rows]

    async def of(self, releases: Sequence[str], since: datetime) -> Outcomes:
        if not releases:
            return Outcomes()
        slot, marks = _hour_of(since), ",".join(["%s"] * len(releases))
        ((total,),) = await self._database.rows(_TOTAL.format(releases=marks), (slot, *releases))
        failed: dict[str, dict[str, int]] = defaultdict(dict)
        for code, host, count in await self._database.rows(_FAILED.format(codes=_CODES, releases=marks), (*CODES, slot, *releases)):
            failed[code][host] = int(count)
        return Outcomes(int(total), dict(failed))


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
