"""How flows read, change and count the rows of the images.

Every method raises Unavailable when the database fails.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from faust_app.core.images.changes import Decide
from faust_app.core.images.objects import Folder
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.positions import IntakeOffset, Position, TopicPartition
from faust_app.core.monitoring.unfinished import Positions, RowCounts

R = TypeVar("R")


class ImageRepository(Protocol):
    """Image rows and their transitions. Raises Unavailable.

    Unavailable raised after COMMIT was sent leaves the outcome unknown: the caller re-reads, then decides.
    """

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        """Return the rows that exist, as last committed."""
        ...

    async def change(
        self,
        keys: Sequence[ImageKey],
        decide: Decide[R],
        *,
        create: bool = False,
        asked: Sequence[ImageRequest] = (),
        offset_of: tuple[str, int] | None = None,
    ) -> R:
        """Lock the rows in key order, call `decide`, write its changes, and return its result after COMMIT.

        A deadlock reruns the whole unit, so `decide` must have no side effects. With `create`, it sees a placeholder of
        version 0 for each missing key; placeholders it does not accept are removed. `asked` are the requests that the placeholders are
        for: a database that knows what is about to be written moves fewer keys. With `offset_of` (topic, partition)
        the reader's offset is locked first.
        """
        ...

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        """Write the positions of rows that still have the lease they were published under; return how many."""
        ...

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        """Lease up to `limit` due rows to the caller for `lease`; concurrent callers get different rows.

        A `deferred` row becomes `dispatched`, so that `release_deferred` never meets a lease.
        """
        ...

    async def release_deferred(self, shop_no: int, host: str | None, limit: int) -> int:
        """Make up to `limit` deferred images of the shop (and of `host`, if given) due now; return how many."""
        ...

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        """Return the image's newest outcomes, newest first."""
        ...

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        """Return the offset up to which the partition of `requests` is written into rows, None if never."""
        ...


class ImageFolders(Protocol):
    """Rows by the folder of their objects. Raises Unavailable."""

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        """Return the rows whose objects lie in these folders."""
        ...

    async def shops(self) -> list[int]:
        """Return every shop that has a row."""
        ...

    def pages(self, shop_no: int) -> AsyncIterator[list[ImageRow]]:
        """Yield every row of the shop, ordered by image id, some at a time and never none."""
        ...


class ImageHistory(Protocol):
    """The timelines of images. Raises Unavailable."""

    async def outcomes(self, shop_no: int, first: bytes, last: bytes) -> dict[bytes, list[tuple[int, str]]]:
        """Return version and outcome of every line of the timelines of images from `first` to `last`, oldest first, by image id."""
        ...


class UnfinishedRows(Protocol):
    """Rows in progress by the position of their event. Raises Unavailable."""

    async def below(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is below the bound of their partition."""
        ...

    async def from_on(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is at or past the bound of their partition."""
        ...

    async def places(self) -> set[TopicPartition]:
        """Return every partition in which a row has its position."""
        ...


class StalledRows(Protocol):
    """Unfinished and failed rows, counted and listed, for all shops or one. Raises Unavailable."""

    async def tops(self) -> dict[TopicPartition, int]:
        """Return the highest position of a row in each partition."""
        ...

    async def counts(self, now: datetime, stalled_after: timedelta, shop_no: int | None) -> RowCounts:
        """Return every count at `now` (UTC, the database's), except those of lost rows."""
        ...

    async def lost(
        self, where: Sequence[Positions], counts: RowCounts, young_since: datetime, shop_no: int | None, limit: int
    ) -> tuple[RowCounts, list[ImageRow]]:
        """Count the rows at these positions as lost; return `counts` with them, and up to `limit` of the rows.

        A lost row opened after `young_since` counts as young: it is not among the old ones counted already.
        """
        ...

    async def old(self, open_until: datetime, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows in progress since `open_until` or earlier, oldest first."""
        ...

    async def queued(self, where: Sequence[Positions], shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows at these positions, oldest first: the first rows of each partition, in about equal shares."""
        ...

    async def scheduled(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` scheduled rows, next due first."""
        ...

    async def failed(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` failed rows."""
        ...

    async def knows_shop(self, shop_no: int) -> bool:
        """Return whether the shop has a row."""
        ...


class OpenImages(Protocol):
    """Images long in progress, and counts of rescues. Raises Unavailable."""

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows in progress since before `before`, oldest first, continuing after the row `after`."""
        ...

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        """Return the number of rescues since `since`, by shop."""
        ...


class ImageSearch(Protocol):
    """Images as people look for them. Raises Unavailable."""

    async def of_shop(self, shop_no: int, *, state: ImageState | None, product_id: str | None, after: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` images of the shop, by id, after an id; of a state and a product where they are given."""
        ...

    async def named(self, shop_no: int, image_ids: Sequence[bytes]) -> list[ImageRow]:
        """Return those of the named images that exist."""
        ...

    async def counts(self, shop_no: int) -> dict[ImageState, int]:
        """Count the shop's images by state; a state without images is left out."""
        ...

    async def by_image_id(self, image_id: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` images with this id, of any shop."""
        ...

    async def by_label(self, label: str, limit: int) -> list[ImageRow]:
        """Return up to `limit` images, of any shop, of products with this SKU, then of those with this name in any case."""
        ...

    async def shops_of_product(self, product_id: str, limit: int) -> list[int]:
        """Return up to `limit` shops that have images of a product with this id."""
        ...

    async def by_correlation_id(self, correlation_id: str, limit: int) -> list[ImageRow]:
        """Return up to `limit` images, of any shop, whose last request that had one had this id."""
        ...

    async def by_source_url(self, url: str, limit: int) -> list[ImageRow]:
        """Return up to `limit` images that are wanted from exactly this address."""
        ...
