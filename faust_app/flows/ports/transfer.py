"""How flows download from sources, check images and store objects."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from faust_app.core.sources.content import Fetched, ImageFacts, NotModified, Observed, Validators


class Fetcher(Protocol):
    """Downloads images from the shops' sources."""

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body, or NotModified, which needs validators. Raises Permanent or Transient."""
        ...

    async def connects(self, origin: str) -> bool:
        """Return whether anything is heard from the origin (scheme, host, port, `/`); a refused connection is an answer."""
        ...


class ObservingFetcher(Protocol):
    """Downloads like `Fetcher`, by the same rules, and tells of the way."""

    async def observe(self, url: str) -> Observed:
        """Return what the fetch met; a Permanent or Transient failure is its outcome."""
        ...


class ImageCheck(Protocol):
    """Decides from its bytes whether an image can be stored."""

    async def check(self, content: bytes) -> ImageFacts:
        """Return the facts of a storable image. Raises Permanent."""
        ...


class ObjectStore(Protocol):
    """The bucket. Every method raises Unavailable when storage fails."""

    async def put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        """Store the bytes under the key; storing a key again is allowed. `sha256` is their digest in hex, `metadata` is ASCII."""
        ...

    async def put_mark(self, key: str) -> None:
        """Store an empty object as a marker."""
        ...

    async def exists(self, key: str) -> bool:
        """Return whether the object exists."""
        ...

    async def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None if it does not exist."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete any number of objects; a missing one is not an error."""
        ...

    def list_keys(self, prefix: str, *, after: str = "") -> AsyncIterator[str]:
        """Yield every key under the prefix that sorts after `after`, in order."""
        ...

    async def list_folders(self, prefix: str) -> list[str]:
        """Return the names between the prefix, which ends with a slash, and the next slash of each key."""
        ...

    async def presigned_url(self, key: str, seconds: int) -> str:
        """Return an address from which anyone may read the object for `seconds`."""
        ...
