"""The rows of the images, as the flows see them. Every method raises Unavailable when the database does not do its part."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from faust_app.core.changes import Decide, IntakeOffset
from faust_app.core.image import Folder, ImageKey, ImageRow, Position
from faust_app.core.outcome import HistoryEntry
from faust_app.core.stall import TopicPartition
from faust_app.core.stalled import Positions, RowCounts

R = TypeVar("R")


class ImageRepository(Protocol):
    """The rows. Every method raises Unavailable when the database does not do its part.

    Unavailable after COMMIT was sent leaves the outcome open: the caller reads again, then decides.
    """

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        """Return the rows there are, as last committed."""
        ...

    async def change(
        self, keys: Sequence[ImageKey], decide: Decide[R], *, create: bool = False, offset_of: tuple[str, int] | None = None
    ) -> R:
        """Lock the rows in key order, ask `decide`, write what it says, and return its result after COMMIT.

        With `create`, `decide` sees a row of version 0 for each key without one; those it leaves are not kept. With
        `offset_of` (topic, partition) the reader's offset is locked first.
        """
        ...

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        """Write the position of rows whose lease is still the one they were published under; return how many were."""
        ...

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        """Take up to `limit` rows whose time has come and give the caller so long to publish them; rivals get others.

        A parked row is `woken` from then on.
        """
        ...

    async def wake_parked(self, shop_no: int, host: str | None, limit: int) -> int:
        """Let up to `limit` parked images of the shop, and of the source host where one is given, be due now."""
        ...

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        """Return the image's newest outcomes, newest first."""
        ...

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        """Return how far the partition of `requests` is in the rows."""
        ...

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ...


class ImageFolders(Protocol):
    """Rows by the folder of their objects. Raises Unavailable like the rows."""

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        """Return the rows whose objects lie in these folders."""
        ...

    async def shops(self) -> list[int]:
        """Return every shop that has rows."""
        ...

    async def page(self, shop_no: int, after: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows of the shop behind an image id, in their order."""
        ...


class UnfinishedRows(Protocol):
    """Rows in progress by the position of their event. Raises Unavailable like the rows."""

    async def below(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is below its partition's bound."""
        ...

    async def from_on(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is at or past its partition's bound."""
        ...

    async def places(self) -> set[TopicPartition]:
        """Return every partition that a row has a position in."""
        ...


class StalledRows(Protocol):
    """Unfinished and failed rows, counted and listed: all, or those of one shop. Raises Unavailable like the rows."""

    async def tops(self) -> dict[TopicPartition, int]:
        """Return the highest position that a row has in each place."""
        ...

    async def counts(self, stalled_after: timedelta, shop_no: int | None) -> tuple[datetime, RowCounts]:
        """Return the database's clock (UTC) and all counts but those of lost rows."""
        ...

    async def lost(
        self, where: Sequence[Positions], counts: RowCounts, young_since: datetime, shop_no: int | None, limit: int
    ) -> tuple[RowCounts, list[ImageRow]]:
        """Return the counts with those of the lost rows, and up to `limit` of these rows."""
        ...

    async def old(self, open_until: datetime, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows in progress since that time or longer, the oldest first."""
        ...

    async def queued(self, where: Sequence[Positions], shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows at these positions: the first of each place about alike, the oldest first."""
        ...

    async def waiting(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows that have a time, the next first."""
        ...

    async def failed(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` failed rows."""
        ...

    async def knows_shop(self, shop_no: int) -> bool:
        """Tell whether a request of the shop was ever accepted."""
        ...


class OpenImages(Protocol):
    """Images that are in progress for long, and what was rescued. Raises Unavailable like the rows."""

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows that are in progress since before then, oldest first, those after `after`."""
        ...

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        """Return how many events were rescued after then, by shop."""
        ...
