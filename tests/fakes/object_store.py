"""A bucket in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from faust_app.core.failure import Dependency, Unavailable


class FakeObjectStore:
    """Implements `ObjectStore`; `away` makes every call Unavailable, `before_put` is awaited before an object appears."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.content_types: dict[str, str] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.puts: list[str] = []
        self.unavailable = False
        self.before_put: Callable[[str], Awaitable[None]] | None = None
        self.before_exists: Callable[[], object] = lambda: None

    async def put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        self._answer()
        if self.before_put is not None:
            await self.before_put(key)
        self.puts.append(key)
        self.objects[key] = content
        self.content_types[key] = content_type
        self.metadata[key] = metadata

    async def put_mark(self, key: str) -> None:
        await self.put(key, b"", content_type="text/plain", sha256="", metadata={})

    async def exists(self, key: str) -> bool:
        self._answer()
        self.before_exists()
        return key in self.objects

    async def read(self, key: str) -> bytes | None:
        self._answer()
        return self.objects.get(key)

    async def delete(self, keys: Sequence[str]) -> None:
        self._answer()
        for key in keys:
            self.objects.pop(key, None)

    async def list_keys(self, prefix: str, *, after: str = "") -> AsyncIterator[str]:
        self._answer()
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after:
                yield key

    async def list_folders(self, prefix: str) -> list[str]:
        self._answer()
        found = {key.removeprefix(prefix).split("/")[0] for key in self.objects if key.startswith(prefix)}
        return sorted(found)

    async def presigned_url(self, key: str, seconds: int) -> str:
        self._answer()
        return f"http://storage.test/{key}?expires={seconds}"

    def _answer(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.STORAGE, "fake")
