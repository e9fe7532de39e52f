"""The record of an import: what it has read, what became of its lines, and how long it will take."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faust_app.core.images.request_rules import Accepted, Decision, Superseded
from faust_app.core.imports.catalogue import Format

INTERRUPTED_AFTER: Final = timedelta(minutes=1)
"""A run that records no progress for so long has no process any more, or one that waits for Kafka or the database."""


class ImportStatus(StrEnum):
    """How far an import is."""

    RUNNING = "running"
    FINISHED = "finished"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What identifies an import: the file's content for one shop. `size` in bytes."""

    shop_no: int
    name: str
    size: int
    sha256: bytes
    file_format: Format
    refetch: bool = False

    @property
    def key(self) -> bytes:
        """The digest by which an unfinished import of the same file, for the same shop, is found and continued."""
        told = f"{self.shop_no} {self.file_format} {self.refetch} ".encode() + self.sha256
        return hashlib.sha256(told).digest()


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What the import has taken: `entries` images and lines, of the file's first `read` bytes."""

    read: int = 0
    entries: int = 0
    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0

    @property
    def taken(self) -> int:
        """Images that are wanted as the file says."""
        return self.accepted + self.unchanged

    def count(self, decision: Decision) -> "ImportCounts":
        """Return the counts with one more request, by what it did."""
        match decision:
            case Accepted():
                return replace(self, accepted=self.accepted + 1)
            case Superseded():
                return replace(self, superseded=self.superseded + 1)
            case _:
                return replace(self, unchanged=self.unchanged + 1)


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One import as it is stored; times in UTC. `problem` says why a file could not be read to its end."""

    number: int
    file: ImportedFile
    status: ImportStatus
    counts: ImportCounts
    started_by: str
    release: str | None
    started_at: datetime
    continued_at: datetime
    continued_from: int
    """How many bytes were read before the process that works, or worked last, began."""
    updated_at: datetime
    ended_at: datetime | None = None
    problem: str | None = None

    def is_interrupted(self, now: datetime) -> bool:
        """Return whether nothing has been recorded for so long that its process is gone or held up."""
        return self.status is ImportStatus.RUNNING and now - self.updated_at > INTERRUPTED_AFTER

    def left(self, now: datetime) -> timedelta | None:
        """Return how long reading the rest takes at the rate so far; None while nothing is known, or nothing is left."""
        read, spent = self.counts.read - self.continued_from, now - self.continued_at
        if self.status is not ImportStatus.RUNNING or read <= 0 or spent <= timedelta(0) or self.is_interrupted(now):
            return None
        return spent * (max(0, self.file.size - self.counts.read) / read)
