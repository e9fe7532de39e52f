"""The shop's pictures and how far it has read, in one SQLite file: both change in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS picture (
    image_id TEXT PRIMARY KEY, product_id TEXT, kind TEXT, public_url TEXT, sentence TEXT, at TEXT, position INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS reader (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT);
INSERT OR IGNORE INTO reader (id) VALUES (1);
"""
# A result that comes again, or late, has a position that is not above the stored one: it changes nothing.
APPLY = """
INSERT INTO picture (image_id, product_id, kind, public_url, sentence, at, position)
VALUES (:image_id, :product_id, :kind, :public_url, :sentence, :at, :position)
ON CONFLICT (image_id) DO UPDATE SET
    product_id = COALESCE(excluded.product_id, product_id), kind = excluded.kind, public_url = excluded.public_url,
    sentence = excluded.sentence, at = excluded.at, position = excluded.position
WHERE excluded.position > picture.position
"""
KNOWN = {"stored", "unchanged", "deleted", "failed"}
"""Kinds that say something of the picture; the others tell a sender what became of its request, or are of a later release."""
FIELDS = ("image_id", "product_id", "kind", "public_url", "sentence", "at", "position")


@dataclass(frozen=True)
class Picture:
    """A picture as the newest result has it."""

    image_id: str
    product_id: str | None
    kind: str
    public_url: str | None
    sentence: str | None
    at: str
    position: int


class Pictures:
    """The state in a file, which is created when it is missing."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file)
        self._database.executescript(SCHEMA)

    @property
    def cursor(self) -> str | None:
        """The cursor of the next request; None before the first one."""
        ((cursor,),) = self._database.execute("SELECT cursor FROM reader").fetchall()
        return None if cursor is None else str(cursor)

    def apply(self, items: Iterable[Mapping[str, Any]], cursor: str) -> int:
        """Apply results and store the cursor that follows them, in one transaction; return how many pictures changed."""
        with self._database:
            changed = 0
            for item in items:
                if item["kind"] in KNOWN and item["image_id"] is not None:
                    changed += self._database.execute(APPLY, {name: item.get(name) for name in FIELDS}).rowcount
            self._database.execute("UPDATE reader SET cursor = ?", (cursor,))
        return changed

    def replace(self, items: Iterable[Mapping[str, Any]], cursor: str) -> None:
        """Forget everything, and begin with these pictures behind the cursor."""
        with self._database:
            self._database.execute("DELETE FROM picture")
            self._database.executemany(APPLY, [{name: item.get(name) for name in FIELDS} for item in items])
            self._database.execute("UPDATE reader SET cursor = ?", (cursor,))

    def by_product(self) -> dict[str | None, list[Picture]]:
        """Return the pictures that are not deleted, by product."""
        found: dict[str | None, list[Picture]] = {}
        rows = self._database.execute(f"SELECT {', '.join(FIELDS)} FROM picture WHERE kind <> 'deleted' ORDER BY image_id")  # noqa: S608 - our own names
        for row in rows:
            picture = Picture(*row)
            found.setdefault(picture.product_id, []).append(picture)
        return found

    def latest(self, count: int) -> list[Picture]:
        """Return the pictures whose newest results are the latest, newest first."""
        rows = self._database.execute(f"SELECT {', '.join(FIELDS)} FROM picture ORDER BY position DESC LIMIT ?", (count,))  # noqa: S608 - as above
        return [Picture(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()
