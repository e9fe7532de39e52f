"""Images in progress and rescues over the rows in memory."""

from collections import Counter
from datetime import datetime

from faust_app.core.images.row import ImageRow, ImageState
from tests.fakes.image_repository import FakeImageRepository


class FakeOpenImages:
    """Implements `OpenImages`."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        await self._repository._answer()
        rows = [
            row
            for row in self._repository.rows.values()
            if row.state is ImageState.IN_PROGRESS and row.open_since is not None and row.open_since < before
            if after is None or _order(row) > _order(after)
        ]
        return sorted(rows, key=_order)[:limit]

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        await self._repository._answer()
        return Counter(entry.key[0] for entry in self._repository.entries if entry.outcome == "rescued" and entry.at > since)


def _order(row: ImageRow) -> tuple[datetime | None, int, bytes]:
    return (row.open_since, *row.key)
