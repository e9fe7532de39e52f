"""Sources, images and the bucket, as the flows see them."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from faust_app.core.content import Fetched, ImageFacts, NotModified, Validators


class Fetcher(Protocol):
    """Downloads from the shops' sources."""

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body (NotModified only if validators were given). Raises Permanent or Transient."""
        ...

    async def connects(self, origin: str) -> bool:
        """Return whether anything is heard from the origin (scheme, host, port, `/`), be it that it refuses the connection."""
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

    async def put_mark(self, key: str) -> None:
        """Store an empty object: that it is there is all it tells."""
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

    def list_keys(self, prefix: str, *, after: str = "") -> AsyncIterator[str]:
        """Yield every key under the prefix that comes after `after`, in order."""
        ...

    async def list_folders(self, prefix: str) -> list[str]:
        """Return what comes between the prefix (it ends with a slash) and the next slash of each key."""
        ...

    async def presigned_url(self, key: str, seconds: int) -> str:
        """Return an address that anybody may read the object from for so many seconds."""
        ...
