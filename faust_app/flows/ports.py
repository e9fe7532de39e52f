"""The outside as the flows see it: small Protocols, each with a fake and a real implementation under one contract suite."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from faust_app.core.changes import Decide, IntakeOffset
from faust_app.core.content import Fetched, ImageFacts, NotModified, Validators
from faust_app.core.failure import RecordRefused, Unavailable
from faust_app.core.image import ImageKey, ImageRow, Position
from faust_app.core.outcome import Garbage, HistoryEntry
from faust_app.core.record import Message


class Fetcher(Protocol):
    """Downloads from the shops' sources."""

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body (NotModified only if validators were given). Raises Permanent or Transient."""
        ...


class ImageCheck(Protocol):
    """Tells what bytes are."""

    async def check(self, content: bytes) -> ImageFacts:
        """Return the facts of a storable image. Raises Permanent."""
        ...


class ObjectStore(Protocol):
    """The bucket. Every method raises Unavailable when storage does not do its part."""

    async def put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        """Store the bytes under the key; `sha256` is their digest in hex; the same key may be put again."""
        ...

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        ...

    async def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete the objects (any number); a missing one is no error."""
        ...

    def list_keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield every key under the prefix, in order."""
        ...

    async def presigned_url(self, key: str, seconds: int) -> str:
        """Return an address that anybody may read the object from for so many seconds."""
        ...


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
        """Take up to `limit` rows whose time has come and give the caller so long to publish them; rivals get others."""
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


class GarbageRepository(Protocol):
    """What waits to be deleted from the bucket. Raises Unavailable like the rows."""

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        """Return up to `limit` due entries with their ids, oldest first."""
        ...

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        """Forget entries that are dealt with."""
        ...


class EventLog(Protocol):
    """Kafka, as publishers see it."""

    clock_ahead: float | None
    """Seconds the brokers' clock is ahead of this process's; None while no acknowledgement told it."""

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        """Publish all and wait for the acknowledgements, seconds at most; one result per message, in order."""
        ...
