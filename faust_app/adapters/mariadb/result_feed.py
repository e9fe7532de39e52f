"""The tables `result_feed` and `result_sequence`: results in one order, and how far they are published and kept."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_writes import groups, values_table
from faust_app.core.results.backlog import ResultsBacklog, Unpublished
from faust_app.core.results.positions import first_position, position_at
from faust_app.core.results.result import Positioned

COUNTED: Final = 100_000
"""Results in the outbox that are counted one by one."""
_ANY: Final = "SELECT 1 FROM result_outbox LIMIT 1"
# As one value: the driver parses rows one by one, in Python.
_NEXT: Final = "SELECT JSON_ARRAYAGG(x.id) FROM (SELECT id FROM result_outbox ORDER BY id LIMIT %s) x"
# Joined by their ids, in their order: a list in IN, or a range of ids, could read on to rows of transactions that are not committed
# yet, and wait for their locks.
_COPY: Final = """
INSERT INTO result_feed (position, at, shop_no, image_id, body)
SELECT x.position, o.at, o.shop_no, o.image_id, o.body FROM ({values}) x STRAIGHT_JOIN result_outbox o ON o.id = x.id
"""
_DELETE: Final = "DELETE result_outbox FROM ({values}) x STRAIGHT_JOIN result_outbox ON result_outbox.id = x.id"
# Two statements: of one that joins them, the database sorts all that is unpublished.
_HOW_FAR: Final = "SELECT published_position FROM result_sequence WHERE id = 1"
_BEYOND: Final = "SELECT position, at, shop_no, image_id, body FROM result_feed WHERE position > %s ORDER BY position LIMIT %s"
_PUBLISHED: Final = """
UPDATE result_sequence SET published_position = %s, published = published + %s WHERE id = 1 AND published_position = %s
"""
_BACKLOG: Final = """
SELECT s.moved - s.published,
    (SELECT COUNT(*) FROM (SELECT 1 FROM result_outbox LIMIT %s) x),
    COALESCE(
        (SELECT f.at FROM result_feed f WHERE f.position > s.published_position ORDER BY f.position LIMIT 1),
        (SELECT o.at FROM result_outbox o ORDER BY o.id LIMIT 1)
    )
FROM result_sequence s WHERE s.id = 1
"""


class MariaResults:
    """Implements `flows.ports.results.Results` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def order(self, limit: int) -> int:
        """One lock, that of the sequence's row, is held until COMMIT: so positions are committed in their order.

        An id that a transaction has taken but not committed is passed over, and found by a later call. The results of
        one image are written under its row's lock: what is committed of them is without gaps.
        """
        if not await self._database.rows(_ANY):  # usually there is none, and a plain read takes no lock
            return 0

        async def unit(session: Session) -> int:
            ((last,),) = await session.rows("SELECT last_position FROM result_sequence WHERE id = 1 FOR UPDATE")
            ((found,),), now = await session.rows_and_now(_NEXT, (limit,))
            ids = sorted(json.loads(found or "[]"))  # in an aggregate they have no order
            if ids:
                first = first_position(last, now)
                await _move(session, [(position, number) for position, number in enumerate(ids, first)])
            return len(ids)

        return await self._database.run(unit)

    async def unpublished(self, limit: int) -> Unpublished:
        ((published,),) = await self._database.rows(_HOW_FAR)
        return Unpublished(published, [Positioned(*values) for values in await self._database.rows(_BEYOND, (published, limit))])

    async def mark_published(self, before: int, to: int, count: int) -> bool:
        return await self._database.change(_PUBLISHED, (to, count, before)) == 1

    async def backlog(self) -> ResultsBacklog:
        ((ordered, in_outbox, oldest),) = await self._database.rows(_BACKLOG, (COUNTED,))
        return ResultsBacklog(ordered + in_outbox, oldest)


async def _move(session: Session, placed: Sequence[tuple[int, int]]) -> None:
    """Move results from the outbox to their positions; `placed` has position and id of each."""
    for group in groups(placed):
        session.enqueue(_COPY.format(values=values_table(("position", "id"), len(group))), [value for pair in group for value in pair])
        session.enqueue(_DELETE.format(values=values_table(("id",), len(group))), [number for _, number in group])
    sql = "UPDATE result_sequence SET last_position = %s, moved = moved + %s WHERE id = 1"
    session.enqueue(sql, (placed[-1][0], len(placed)))


async def drop_results(database: Database, before: datetime, limit: int) -> int:
    """Delete up to `limit` published results ordered before `before`; return how many.

    How far they may be gone is committed with them: a reader that finds itself below it knows that it has missed some.
    """

    async def unit(session: Session) -> int:
        ((published,),) = await session.rows("SELECT published_position FROM result_sequence WHERE id = 1 FOR UPDATE")
        until = min(position_at(before) - 1, published)
        found = await session.rows("SELECT position FROM result_feed WHERE position <= %s ORDER BY position LIMIT %s", (until, limit))
        if found:
            session.enqueue("UPDATE result_sequence SET dropped_position = %s WHERE id = 1", (found[-1][0],))
            session.enqueue("DELETE FROM result_feed WHERE position <= %s", (found[-1][0],))
        return len(found)

    return await database.run(unit)
