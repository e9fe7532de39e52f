"""The table `test_fetch`: addresses that shops want tested, and what a worker met there."""

from collections.abc import Sequence
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.reports.test_fetch import A_MINUTE, TAKEN_WITHIN, TestFetch, TestResult, result_of, result_text

_COLUMNS: Final = "id, shop_no, url, asked_at, taken_at, result"
_GET: Final = f"SELECT {_COLUMNS} FROM test_fetch WHERE id = %s AND shop_no = %s"  # noqa: S608 - our own columns
# The rows of the last minute are locked, so that two who ask at once see each other.
_LATELY: Final = """
SELECT id FROM test_fetch FORCE INDEX (by_shop) WHERE shop_no = %s AND asked_at > UTC_TIMESTAMP(6) - INTERVAL 60 SECOND FOR UPDATE
"""
_WAITING: Final = f"""
SELECT {_COLUMNS} FROM test_fetch FORCE INDEX (by_taken)
WHERE taken_at IS NULL AND asked_at > UTC_TIMESTAMP(6) - INTERVAL {TAKEN_WITHIN.seconds} SECOND
ORDER BY asked_at LIMIT %s FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own columns
_TAKE: Final = "UPDATE test_fetch SET taken_at = UTC_TIMESTAMP(6), taken_by = %s WHERE id IN ({marks})"


class MariaTestFetches:
    """Implements `flows.ports.reports.TestFetches` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, shop_no: int, url: str, asked_by: str) -> TestFetch | None:
        async def unit(session: Session) -> TestFetch | None:
            if len(await session.rows(_LATELY, (shop_no,))) >= A_MINUTE:
                return None
            now = await session.now()
            sql = "INSERT INTO test_fetch (shop_no, url, asked_at, asked_by) VALUES (%s, %s, %s, %s)"
            session.enqueue(sql, (shop_no, url, now, asked_by))
            ((number,),) = await session.rows("SELECT LAST_INSERT_ID()")
            return TestFetch(int(number), shop_no, url, now)

        return await self._database.run(unit)

    async def get(self, shop_no: int, number: int) -> TestFetch | None:
        found = await self._database.rows(_GET, (number, shop_no))
        return _test_of(found[0]) if found else None

    async def take(self, worker: str, limit: int) -> list[TestFetch]:
        async def unit(session: Session) -> list[TestFetch]:
            found = [_test_of(values) for values in await session.rows(_WAITING, (limit,))]
            if found:
                sql = _TAKE.format(marks=", ".join(["%s"] * len(found)))
                session.enqueue(sql, (worker, *[test.number for test in found]))
            return found

        return await self._database.run(unit)

    async def end(self, number: int, result: TestResult) -> None:
        await self._database.change("UPDATE test_fetch SET result = %s WHERE id = %s AND result IS NULL", (result_text(result), number))


def _test_of(values: Sequence[Any]) -> TestFetch:
    number, shop_no, url, asked_at, taken_at, result = values
    return TestFetch(number, shop_no, url, asked_at, taken_at, None if result is None else result_of(result))
