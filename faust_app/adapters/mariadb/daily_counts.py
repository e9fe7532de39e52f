"""Counts the table `image_history` by days and shops, and what was stored when a month began (`stored_balance`)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.statistics.calendar import Bounds
from faust_app.core.statistics.figures import BUCKETS, COUNTS, NOTHING, Figures, Times, figures_of
from faust_app.core.statistics.load import ShopRow, Snapshot, totals_of


def _counted(condition: str, value: str = "1") -> str:
    return f"CAST(SUM(IF({condition}, {value}, 0)) AS SIGNED)"


def _bucket(number: int) -> str:
    # The first one also holds what took no time, the last one all above.
    low = f"took_ms >= {1 << number}" if number else "took_ms >= 0"
    return _counted(low if number == BUCKETS - 1 else f"{low} AND took_ms < {2 << number}")


_FIGURES: Final[Mapping[str, str]] = {
    **{name: _counted(f"counts_as = '{name}'") for name in ("registered", "updated", "deleted", "repaired")},
    **{f"failed_{fault}": _counted(f"counts_as = 'failed' AND fault = '{fault}'") for fault in ("shop", "source", "ours")},
    "retried": _counted("counts_as = 'retried'"),
    "dead_lettered": _counted("counts_as = 'failed' AND outcome = 'failed'"),
    "rescued": _counted("counts_as = 'rescued'"),
    "bytes_in": _counted("counts_as IN ('registered', 'updated')", "bytes"),
    "bytes_change": "CAST(SUM(bytes_change) AS SIGNED)",
}
_TIMES: Final = ("COUNT(took_ms)", "CAST(COALESCE(SUM(took_ms), 0) AS SIGNED)", "CAST(COALESCE(MAX(took_ms), 0) AS SIGNED)")
_COUNTED: Final = ", ".join([*(_FIGURES[name] for name in COUNTS), *_TIMES, *map(_bucket, range(BUCKETS))])
_IS_COUNTED: Final = "(counts_as IS NOT NULL OR bytes_change <> 0)"
# One SELECT is one moment, whatever commits meanwhile.
_BY_SHOP: Final = f"""
SELECT shop_no, {_COUNTED} FROM image_history FORCE INDEX (by_at) WHERE at >= %s AND at < %s AND {_IS_COUNTED} GROUP BY shop_no
"""  # noqa: S608 - made of constants
_OF_SHOP: Final = f"""
SELECT {_COUNTED}, COUNT(*) FROM image_history FORCE INDEX (by_shop) WHERE shop_no = %s AND at >= %s AND at < %s AND {_IS_COUNTED}
"""  # noqa: S608 - made of constants
_OF_PLATFORM: Final = f"""
SELECT {_COUNTED}, COUNT(*) FROM image_history FORCE INDEX (by_at) WHERE at >= %s AND at < %s AND {_IS_COUNTED}
"""  # noqa: S608 - made of constants
# The lock is held until COMMIT: the next load reads after it, and what it reads is newer.
_NEXT_LOAD: Final = "UPDATE statistics_state SET load_id = load_id + 1 WHERE id = 1"
_LAST_BALANCE: Final = "SELECT MAX(month) FROM stored_balance WHERE month <= %s"
_CHANGES_BY_SHOP: Final = """
SELECT shop_no, CAST(SUM(bytes_change) AS SIGNED) FROM image_history FORCE INDEX (by_at)
WHERE at >= %s AND at < %s AND bytes_change <> 0 GROUP BY shop_no
"""
_ADD_BALANCE: Final = "INSERT INTO stored_balance (month, shop_no, bytes) VALUES {marks} ON DUPLICATE KEY UPDATE bytes = VALUES(bytes)"
# One statement is one moment.
_STORED: Final = """
SELECT
    (SELECT COALESCE(SUM(bytes), 0) FROM stored_balance WHERE month = %s)
    + (SELECT COALESCE(SUM(bytes_change), 0) FROM image_history WHERE at >= %s AND bytes_change <> 0),
    (SELECT COALESCE(SUM(bytes), 0) FROM image WHERE object_key IS NOT NULL)
"""
_OFF_BY_SHOP: Final = """
SELECT shop_no, SUM(bytes) AS off FROM (
    SELECT shop_no, CAST(SUM(bytes) AS SIGNED) AS bytes FROM image WHERE object_key IS NOT NULL GROUP BY shop_no
    UNION ALL SELECT shop_no, -bytes FROM stored_balance WHERE month = %s
    UNION ALL SELECT shop_no, -SUM(bytes_change) FROM image_history WHERE at >= %s AND bytes_change <> 0 GROUP BY shop_no
) x GROUP BY shop_no HAVING off <> 0
"""
_ADJUST: Final = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome, bytes_change) VALUES (%s, %s, '', 0, 'adjusted', %s)
"""
_FAR: Final = datetime.max  # noqa: DTZ901 - as above
_AT_ONCE: Final = 5000
_NO_SHOP: Final = 0
"""Has a row in every month that was counted, also in one before which no shop had anything stored."""
StartOf = Callable[[date], datetime]
"""Returns when a month begins, UTC without a zone."""


class MariaDailyCounts:
    """Implements `flows.ports.statistics.DailyCounts` on MariaDB or MySQL."""

    def __init__(self, database: Database, start_of: StartOf) -> None:
        self._database = database
        self._start_of = start_of

    async def snapshot(self, day: date, bounds: Bounds, *, with_balance: bool) -> Snapshot:
        async def unit(session: Session) -> Snapshot:
            session.enqueue(_NEXT_LOAD)
            ((load_id,),) = await session.rows("SELECT load_id FROM statistics_state WHERE id = 1")
            counted = await session.rows(_BY_SHOP, (bounds.start, bounds.end))
            before = await self._balance(session, day) if with_balance else {}
            # Seconds for many shops, beside the loop that serves the store.
            return await asyncio.to_thread(_snapshot, day, load_id, counted, before)

        return await self._database.run(unit)

    async def of_shop(self, shop_no: int, days: Sequence[tuple[date, Bounds]]) -> dict[date, Figures]:
        found = {}
        for day, bounds in days:
            (values,) = await self._database.rows(_OF_SHOP, (shop_no, bounds.start, bounds.end))
            found[day] = _figures(values) if values[-1] else NOTHING
        return found

    async def of_platform(self, days: Sequence[tuple[date, Bounds]]) -> dict[date, Figures]:
        found = {}
        for day, bounds in days:
            (values,) = await self._database.rows(_OF_PLATFORM, (bounds.start, bounds.end))
            found[day] = _figures(values) if values[-1] else NOTHING
        return found

    async def stored(self, shop_no: int | None, before: datetime) -> int:
        of_shop, shop = ("", []) if shop_no is None else (" AND shop_no = %s", [shop_no])
        month = await self._last_balance_before(before)
        start, balance = datetime.min, 0  # noqa: DTZ901 - UTC without a zone, like the database's times
        if month is not None:
            start = self._start_of(month)
            sql = f"SELECT COALESCE(SUM(bytes), 0) FROM stored_balance WHERE month = %s{of_shop}"  # noqa: S608 - our own text
            ((balance,),) = await self._database.rows(sql, (month, *shop))
        sql = f"SELECT COALESCE(SUM(bytes_change), 0) FROM image_history WHERE at >= %s AND at < %s AND bytes_change <> 0{of_shop}"  # noqa: S608
        ((change,),) = await self._database.rows(sql, (start, before, *shop))
        return int(balance) + int(change)

    async def difference_to_rows(self) -> tuple[int, int]:
        month = await self._last_balance_before(_FAR)
        since = datetime.min if month is None else self._start_of(month)  # noqa: DTZ901 - as above
        ((by_history, by_rows),) = await self._database.rows(_STORED, (month, since))
        return int(by_history), int(by_rows)

    async def adjust_to_rows(self) -> dict[int, int]:
        month = await self._last_balance_before(_FAR)
        since = datetime.min if month is None else self._start_of(month)  # noqa: DTZ901 - as above

        async def unit(session: Session) -> dict[int, int]:
            # What changes after this statement changes on both sides.
            found = {shop_no: int(off) for shop_no, off in await session.rows(_OFF_BY_SHOP, (month, since))}
            now = await session.now()
            for shop_no, off in found.items():
                session.enqueue(_ADJUST, (now, shop_no, off))
            return found

        return await self._database.run(unit)

    async def _last_balance_before(self, before: datetime) -> date | None:
        for (month,) in await self._database.rows("SELECT DISTINCT month FROM stored_balance ORDER BY month DESC"):
            if self._start_of(month) <= before:
                return month  # type: ignore[no-any-return]
        return None

    async def _balance(self, session: Session, month: date) -> dict[int, int]:
        """Return what was stored for each shop when the month began, and keep it; what is not 0 alone."""
        ((last,),) = await session.rows(_LAST_BALANCE, (month,))
        balance: dict[int, int] = {}
        since = datetime.min  # noqa: DTZ901 - as above
        if last is not None:
            balance = dict(await session.rows("SELECT shop_no, bytes FROM stored_balance WHERE month = %s AND shop_no > 0", (last,)))
            since = self._start_of(last)
        if last == month:
            return balance
        for shop_no, change in await session.rows(_CHANGES_BY_SHOP, (since, self._start_of(month))):
            balance[shop_no] = balance.get(shop_no, 0) + change
        balance = {shop_no: stored for shop_no, stored in balance.items() if stored}
        _keep(session, month, balance)
        return balance


def _snapshot(day: date, load_id: int, counted: Sequence[Sequence[Any]], before: Mapping[int, int]) -> Snapshot:
    figures = {values[0]: _figures(values[1:]) for values in counted}
    rows = [ShopRow(shop, figures.get(shop, NOTHING), before.get(shop, 0)) for shop in sorted(figures.keys() | before.keys())]
    return Snapshot(day, load_id, rows, totals_of(rows))


def _keep(session: Session, month: date, balance: Mapping[int, int]) -> None:
    items = [(_NO_SHOP, 0), *balance.items()]
    for start in range(0, len(items), _AT_ONCE):
        group = items[start : start + _AT_ONCE]
        flat = [value for shop_no, stored in group for value in (month, shop_no, stored)]
        session.enqueue(_ADD_BALANCE.format(marks=",".join(["(%s,%s,%s)"] * len(group))), flat)


def _figures(values: Sequence[Any]) -> Figures:
    counts, times = values[: len(COUNTS)], values[len(COUNTS) :]
    histogram = tuple(times[3 : 3 + BUCKETS])
    return figures_of(counts, Times(times[0], times[1], times[2], histogram))
