"""How pages read the workers, the samples, and what happened. Raises Unavailable when the database fails."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from faust_app.core.images.row import ImageKey
from faust_app.core.images.search import PageOfImages
from faust_app.core.monitoring.samples import Sample
from faust_app.core.monitoring.timeline import Happened, Happening
from faust_app.core.monitoring.workers import ListedWorker


class WorkerList(Protocol):
    """The workers that report."""

    async def seen_within(self, seconds: float) -> list[ListedWorker]:
        """Return the workers that reported within so many seconds, by name."""
        ...

    async def fairness_within(self, seconds: float) -> list[tuple[str, str]]:
        """Return the names of workers that told within so many seconds who waits for their slots, and what they told."""
        ...

    async def starting_within(self, seconds: float) -> int:
        """Count the workers that reported within so many seconds and whose intake is not stopped."""
        ...


class Samples(Protocol):
    """The samples that the installation keeps of itself."""

    async def newest(self) -> datetime | None:
        """Return the minute of the newest sample."""
        ...

    async def add(self, sample: Sample) -> bool:
        """Keep the sample with what ended since the one before; return whether it was the first of its minute."""
        ...

    async def since(self, since: datetime) -> list[Sample]:
        """Return the samples since then, oldest first."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` samples older than `before`; return how many."""
        ...


class PicturelessProducts(Protocol):
    """Products of which a picture was sent and failed, and none is shown."""

    async def count(self) -> int:
        """Return how many there are."""
        ...

    async def images(self, after: ImageKey | None, limit: int) -> PageOfImages:
        """Return up to `limit` of their failed images, by key, continuing after `after`."""
        ...


class Timeline(Protocol):
    """What happened, over every kind of thing."""

    async def between(self, since: datetime, until: datetime, kinds: Collection[Happened], limit: int) -> list[Happening]:
        """Return up to `limit` things of these kinds after `since` and before `until`, newest first."""
        ...


class TableBytes(Protocol):
    """Sizes of the tables, within milliseconds. Raises Unavailable."""

    async def table_bytes(self) -> dict[str, int]:
        """Return the bytes of every table with its indexes, by name, as the database estimates them."""
        ...


class RecordAges(Protocol):
    """The ages of a topic's records. Raises Unavailable when Kafka does not answer."""

    async def appended_before(self, at: datetime) -> int:
        """Return how many records that are still there were appended before `at` (UTC)."""
        ...
