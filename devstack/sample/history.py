"""Thirteen months of history for the sample shops, so that their first report is full.

Every line is marked: `judged_by` is `sample`, and the ids of its images begin with `sample-`. On its last day
each shop removes what is left: what the history says is stored stays what the rows of the images say.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pymysql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARK = "sample"
DAYS = 400
BATCH = 2_000
COLUMNS = (
    "at", "shop_no", "image_id", "version", "outcome", "code", "detail", "bytes", "counts_as", "origin", "fault", "bytes_change",
    "took_ms", "judged_by", "worker",
)  # fmt: skip
FAILURES = (
    ("source_not_found", "shop", "The source answers with status 404."),
    ("source_timeout", "source", "The source does not answer in time."),
    ("truncated", "shop", "The image ends in the middle."),
)
IMPORT_EVERY = 45
WEEKEND = 5
SEASON = {11: 1.8, 12: 2.2, 1: 0.7, 8: 0.6}


@dataclass
class Shop:
    """One shop's history while it is made up: what it shows, and how many images it ever had."""

    number: int
    chance: random.Random
    shown: dict[int, int] = field(default_factory=dict)
    made: int = 0

    def day(self, day: datetime, place: int) -> Iterator[tuple[object, ...]]:
        """Yield the lines of one day: an import now and then, else what a shop changes by hand."""
        busy = SEASON.get(day.month, 1.0) * (0.3 if day.weekday() >= WEEKEND else 1.0)
        count = self.chance.randrange(120, 260) if place % IMPORT_EVERY == 0 else round(self.chance.expovariate(1 / (14 * busy)))
        at = day + timedelta(hours=7)
        for _ in range(count):
            at += timedelta(seconds=self.chance.expovariate(count / 36_000))
            yield from self._event(at)

    def _event(self, at: datetime) -> Iterator[tuple[object, ...]]:
        chance = self.chance.random()
        if chance < 0.04:  # noqa: PLR2004 - shares that look like a shop's
            code, fault, detail = self.chance.choice(FAILURES)
            if fault == "source":
                yield self._line(at, self.made, "retry", counts_as="retried", code=code, fault=fault, detail=detail)
            yield self._line(at + timedelta(seconds=12), self.made, "failed", counts_as="failed", code=code, fault=fault, detail=detail)
        elif chance < 0.12 and self.shown:  # noqa: PLR2004 - as above
            image = self.chance.choice(list(self.shown))
            yield self._line(at, image, "deleted", counts_as="deleted", change=-self.shown.pop(image), took=self._took())
        else:
            renew = chance < 0.45 and bool(self.shown)  # noqa: PLR2004 - as above
            image = self.chance.choice(list(self.shown)) if renew else self.made
            self.made += not renew
            size, before = self.chance.randrange(18_000, 240_000), self.shown.get(image, 0)
            self.shown[image] = size
            name = "updated" if before else "registered"
            yield self._line(at, image, "stored", counts_as=name, size=size, change=size - before, took=self._took())

    def end(self, at: datetime) -> Iterator[tuple[object, ...]]:
        """Yield the removal of what is left: the shop replaces its catalogue by the one that is imported next."""
        for image, size in self.shown.items():
            yield self._line(at, image, "deleted", counts_as="deleted", change=-size, took=self._took())

    def _took(self) -> int:
        return round(self.chance.lognormvariate(7.2, 0.8))

    def _line(
        self, at: datetime, image: int, outcome: str, *, counts_as: str | None = None, code: str | None = None, fault: str | None = None,
        detail: str | None = None, size: int | None = None, change: int = 0, took: int | None = None,
    ) -> tuple[object, ...]:  # fmt: skip
        version = int(at.replace(tzinfo=UTC).timestamp() * 1_000_000)
        name = f"sample-{image}".encode()
        return (
            at, self.number, name, version, outcome, code, detail, size, counts_as, None, fault, change, took, MARK, "development stack",
        )  # fmt: skip


def history_of(shops: Sequence[int], today: datetime) -> list[tuple[object, ...]]:
    """Return the lines of all days before today (UTC midnight, without a zone), oldest first: the same for the same day."""
    lines: list[tuple[object, ...]] = []
    made = [Shop(number, random.Random(number)) for number in shops]  # noqa: S311 - a sample, no secret
    for place in range(DAYS):
        day = today - timedelta(days=DAYS - place)
        for shop in made:
            lines.extend(shop.day(day, place))
    for shop in made:
        lines.extend(shop.end(today - timedelta(hours=1)))
    return sorted(lines, key=lambda line: str(line[0]))


def write_sample_history(url: str, shops: Sequence[int]) -> None:
    """Write the history once, into a database whose history is empty: another one has its own, which is not mixed with a sample."""
    parts = urlsplit(url)
    address = {"host": parts.hostname, "port": parts.port, "user": parts.username, "database": parts.path.strip("/")}
    with pymysql.connect(**address, password=unquote(parts.password or ""), autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM image_history LIMIT 1")
        if cursor.fetchone() is not None:
            return
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        lines = history_of(shops, today)
        sql = f"INSERT INTO image_history ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"  # noqa: S608 - our own columns
        for start in range(0, len(lines), BATCH):
            cursor.executemany(sql, lines[start : start + BATCH])
        connection.commit()
