"""The collector's garbage and row, and the rows by folder, in memory."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from faust_app.core.images.objects import Folder, folder
from faust_app.core.images.outcome import Garbage
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.maintenance.garbage import CollectorState, GarbageCounts
from tests.fakes.image_repository import FakeImageRepository


class FakeGarbageRepository:
    """Implements `GarbageRepository` on the fake rows, whose settling lists garbage."""

    def __init__(self, rows: FakeImageRepository) -> None:
        self._rows = rows

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        now = await self._rows.now()
        return sorted((n, entry) for n, entry in self._rows.garbage.items() if entry.due_at <= now)[:limit]

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        await self._rows.now()
        for number in ids:
            self._rows.garbage.pop(number, None)

    async def count_due(self, after: datetime | None, up_to: int) -> int:
        now = await self._rows.now()
        due = [entry for entry in self._rows.garbage.values() if entry.due_at <= now and (after is None or entry.due_at > after)]
        return min(up_to, len(due))

    async def counts(self) -> GarbageCounts:
        now = await self._rows.now()
        due = Counter(entry.key[0] for entry in self._rows.garbage.values() if entry.due_at <= now)
        return GarbageCounts(len(self._rows.garbage), due.total(), tuple(sorted(due.items(), key=lambda shop: (-shop[1], shop[0]))[:10]))

    async def listed(self, keys: Sequence[ImageKey]) -> set[str]:
        await self._rows.now()
        return {entry.target for entry in self._rows.garbage.values() if entry.key in keys}

    async def add_garbage(self, entries: Sequence[Garbage]) -> None:
        await self._rows.now()
        for entry in entries:
            self._rows.garbage[max(self._rows.garbage, default=0) + 1] = entry


class FakeCollectorRow:
    """Implements `CollectorRow`; `about` is the estimate."""

    def __init__(self, rows: FakeImageRepository) -> None:
        self._rows = rows
        self.kept = CollectorState()
        self.about = 0

    async def state(self) -> CollectorState:
        await self._rows.now()
        return self.kept

    async def begin_pass(self, before: int) -> bool:
        await self._rows.now()
        if self.kept.passes != before:
            return False
        self.kept = replace(self.kept, passes=before + 1)
        return True

    async def catch_up(self, passes: int) -> None:
        await self._rows.now()
        self.kept = replace(self.kept, passes=max(self.kept.passes, passes))

    async def audited(self, key: str) -> None:
        await self._rows.now()
        self.kept = replace(self.kept, audited_to=key)

    async def now(self) -> datetime:
        return await self._rows.now()

    async def images_about(self) -> int:
        await self._rows.now()
        return self.about


class FakeImageFolders:
    """Implements `ImageFolders` on the fake rows."""

    def __init__(self, rows: FakeImageRepository, page: int = 1000) -> None:
        self._rows = rows
        self._page = page

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        await self._rows.now()
        return {folder(row): row for row in self._rows.rows.values() if folder(row) in folders}

    async def shops(self) -> list[int]:
        await self._rows.now()
        return sorted({shop_no for shop_no, _ in self._rows.rows})

    async def pages(self, shop_no: int) -> AsyncIterator[list[ImageRow]]:
        after = b""
        while rows := [row for key, row in sorted(self._rows.rows.items()) if key[0] == shop_no and key[1] > after][: self._page]:
            await self._rows.now()
            yield rows
            after = rows[-1].image_id


class FakeImageHistory:
    """Implements `ImageHistory` on the fake rows' entries."""

    def __init__(self, rows: FakeImageRepository) -> None:
        self._rows = rows

    async def outcomes(self, shop_no: int, first: bytes, last: bytes) -> dict[bytes, list[tuple[int, str]]]:
        await self._rows.now()
        found: dict[bytes, list[tuple[int, str]]] = {}
        for entry in self._rows.entries:
            if entry.key[0] == shop_no and first <= entry.key[1] <= last:
                found.setdefault(entry.key[1], []).append((entry.version, entry.outcome))
        return found
