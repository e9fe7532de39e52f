"""What is known of the daily statistics besides their figures: zone, closed months, corrections."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.statistics.calendar import day_of, month_of
from faust_app.core.statistics.load import Totals
from faust_app.core.statistics.report import ClosedMonth, Correction

_FIRST: Final = "SELECT (SELECT MIN(at) FROM image_history), (SELECT counted_from FROM statistics_state WHERE id = 1)"
_CLOSED: Final = "SELECT month, number, closed_at FROM statistics_month ORDER BY month"
_CORRECTIONS: Final = """
SELECT id, day, at, totals_before, totals_after, reason, status FROM statistics_correction
WHERE day >= %s AND status <> 'withdrawn' ORDER BY id DESC
"""
_ADD: Final = """
INSERT INTO statistics_correction (day, at, totals_before, totals_after, reason, status) VALUES (%s, %s, %s, %s, %s, 'listed')
"""
_SAME: Final = "SELECT id FROM statistics_correction WHERE day = %s AND status = 'listed' AND totals_before = %s AND totals_after = %s"
_WITHDRAW: Final = "UPDATE statistics_correction SET status = 'withdrawn' WHERE day = %s AND status = 'listed'"
_REASON_LENGTH: Final = 500


class MariaStatisticsBook:
    """Implements `flows.ports.statistics.StatisticsBook` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def zone(self) -> str | None:
        found = await self._database.rows("SELECT zone FROM statistics_state WHERE id = 1")
        return found[0][0] if found else None

    async def keep_zone(self, zone: str) -> str:
        await self._database.change("UPDATE statistics_state SET zone = %s WHERE id = 1 AND zone IS NULL", (zone,))
        return await self.zone() or zone

    async def number_above(self, load_id: int) -> None:
        sql = "UPDATE statistics_state SET load_id = %s WHERE id = 1 AND load_id < %s"
        await self._database.change(sql, (load_id, load_id))

    async def first_day(self, zone: tzinfo) -> date | None:
        ((first, counted_from),) = await self._database.rows(_FIRST)
        if counted_from is not None and first is not None and first < counted_from:
            return day_of(counted_from, zone) + timedelta(days=1)
        return None if first is None else day_of(first, zone)

    async def is_older_than_counts(self) -> bool:
        ((first, counted_from),) = await self._database.rows(_FIRST)
        return counted_from is not None and first is not None and first < counted_from

    async def closed(self) -> list[ClosedMonth]:
        return [ClosedMonth(*row) for row in await self._database.rows(_CLOSED)]

    async def closed_totals(self, day: date) -> Totals | None:
        found = await self._database.rows("SELECT totals FROM statistics_month WHERE month = %s", (month_of(day),))
        if not found:
            return None
        kept = json.loads(found[0][0]).get(day.isoformat())
        return Totals() if kept is None else Totals.from_json(kept)

    async def all_closed_totals(self) -> dict[date, Totals]:
        kept = [json.loads(totals) for (totals,) in await self._database.rows("SELECT totals FROM statistics_month")]
        return {date.fromisoformat(day): Totals.from_json(totals) for month in kept for day, totals in month.items()}

    async def close(self, month: date, totals: Mapping[date, Totals]) -> ClosedMonth:
        text = json.dumps({day.isoformat(): each.to_json() for day, each in sorted(totals.items())})

        async def unit(session: Session) -> ClosedMonth:
            # The lock on the only row makes numbers without gaps, whoever closes at the same time.
            await session.rows("SELECT load_id FROM statistics_state WHERE id = 1 FOR UPDATE")
            closed = {row[0]: ClosedMonth(*row) for row in await session.rows(_CLOSED)}
            if month not in closed:
                number, now = max((each.number for each in closed.values()), default=0) + 1, await session.now()
                sql = "INSERT INTO statistics_month (month, number, closed_at, totals) VALUES (%s, %s, %s, %s)"
                session.enqueue(sql, (month, number, now, text))
                closed[month] = ClosedMonth(month, number, now)
            return closed[month]

        return await self._database.run(unit)

    async def corrections(self, since: date) -> Sequence[Correction]:
        return [_correction(row) for row in await self._database.rows(_CORRECTIONS, (since,))]

    async def add_correction(self, day: date, before: Totals, after: Totals, reason: str) -> int:
        was, now = _text(before), _text(after)

        async def unit(session: Session) -> int:
            await session.rows("SELECT load_id FROM statistics_state WHERE id = 1 FOR UPDATE")
            same = await session.rows(_SAME, (day, was, now))
            if same:
                session.enqueue("UPDATE statistics_correction SET reason = %s WHERE id = %s", (reason[:_REASON_LENGTH], same[0][0]))
                return int(same[0][0])
            session.enqueue(_WITHDRAW, (day,))  # what was found before is not so any more
            session.enqueue(_ADD, (day, await session.now(), was, now, reason[:_REASON_LENGTH]))
            ((number,),) = await session.rows("SELECT LAST_INSERT_ID()")
            return int(number)

        return await self._database.run(unit)

    async def withdraw_corrections(self, day: date) -> None:
        await self._database.change(_WITHDRAW, (day,))

    async def apply_correction(self, number: int) -> None:
        async def unit(session: Session) -> None:
            sql = "SELECT day, totals_after FROM statistics_correction WHERE id = %s FOR UPDATE"
            ((day, after),) = await session.rows(sql, (number,))
            ((text,),) = await session.rows("SELECT totals FROM statistics_month WHERE month = %s FOR UPDATE", (month_of(day),))
            totals = {**json.loads(text), day.isoformat(): json.loads(after)}
            session.enqueue("UPDATE statistics_month SET totals = %s WHERE month = %s", (json.dumps(totals), month_of(day)))
            session.enqueue("UPDATE statistics_correction SET status = 'applied' WHERE id = %s", (number,))

        await self._database.run(unit)

    async def drop_before(self, month: date) -> None:
        await self._database.change("DELETE FROM stored_balance WHERE month < %s", (month,))
        await self._database.change("DELETE FROM statistics_run WHERE asked_at < %s AND ended_at IS NOT NULL", (month,))

    async def forget_balances(self, after: date) -> None:
        await self._database.change("DELETE FROM stored_balance WHERE month > %s", (after,))


def _text(totals: Totals) -> str:
    return json.dumps(totals.to_json(), sort_keys=True)


def _correction(row: Sequence[Any]) -> Correction:
    number, day, at, before, after, reason, status = row
    return Correction(number, day, at, json.loads(before), json.loads(after), reason, status == "applied")
