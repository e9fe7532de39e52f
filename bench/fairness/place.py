"""One column's installation: a database, topics and a bucket of its own, and what they say of every image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pymysql

from bench.fairness.hosts import Hosts
from bench.fairness.measure import Image
from bench.fairness.scenarios import Burst, seconds_of
from bench.installation import Installation, names_of_its_own
from devstack.stack import Stack

_SESSION_SECONDS: Final = "6"
"""Of two workers, so that the death of one is noticed as early as Kafka allows."""
_UNFINAL: Final = ("retry", "superseded", "republished", "rescued", "taken_back")
_MICROSECONDS: Final = "TIMESTAMPDIFF(MICROSECOND, '2020-01-01', {})"
_NOW: Final = f"SELECT {_MICROSECONDS.format('UTC_TIMESTAMP(6)')}"
_ROWS: Final = f"SELECT shop_no, image_id, version, {_MICROSECONDS.format('requested_at')}, op = 'delete' FROM image"  # noqa: S608 - constants
_HISTORY: Final = f"SELECT shop_no, image_id, version, outcome, {_MICROSECONDS.format('at')} FROM image_history ORDER BY id"  # noqa: S608


class Place(Installation):
    """One column's database, topics, bucket and settings on a stack that both columns use in turn."""

    def __init__(self, stack: Stack, folder: Path, hosts: Hosts, burst: Burst, *, is_fair: bool) -> None:
        folder.mkdir()
        self.is_fair = is_fair
        name = "on" if is_fair else "off"
        own = {**names_of_its_own(stack, folder, name), "FAIR_SHARES": "true" if is_fair else "false", **hosts.environment}
        if burst.kill_worker:
            own["SESSION_TIMEOUT"] = _SESSION_SECONDS
        super().__init__(stack, folder, "structure", own)

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a query."""
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def now(self) -> float:
        """Return the database's time in seconds, by which images are accepted and done."""
        return self.query(_NOW) / 1e6

    def images(self, burst: Burst) -> list[Image]:
        """Return every image with the time of its version's first outcome; one that was republished counts from then."""
        done, begun = dict[tuple[Any, ...], float](), dict[tuple[Any, ...], float]()
        for shop, image_id, version, outcome, at in self.rows(_HISTORY):
            key = (shop, image_id, version)
            if outcome == "republished":
                begun[key] = at / 1e6
            elif outcome not in _UNFINAL:
                done.setdefault(key, at / 1e6)
        images = []
        for shop, image_id, version, requested_at, is_delete in self.rows(_ROWS):
            key = (shop, image_id, version)
            images.append(Image(shop, begun.get(key, requested_at / 1e6), done.get(key), seconds_of(burst, shop), bool(is_delete)))
        return images
