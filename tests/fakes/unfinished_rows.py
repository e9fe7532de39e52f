"""Unfinished rows over the rows in memory."""

from collections.abc import Callable, Mapping

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.positions import TopicPartition
from tests.fakes.image_repository import FakeImageRepository


class FakeUnfinishedRows:
    """Implements `UnfinishedRows`."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository

    async def below(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        return await self._find(bounds, lambda offset, bound: offset < bound, limit)

    async def from_on(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        return await self._find(bounds, lambda offset, bound: offset >= bound, limit)

    async def places(self) -> set[TopicPartition]:
        await self._repository._answer()
        return {(row.position.topic, row.position.partition) for row in self._repository.rows.values() if row.position is not None}

    async def _find(self, bounds: Mapping[TopicPartition, int], fits: Callable[[int, int], bool], limit: int) -> list[ImageRow]:
        await self._repository._answer()
        found = []
        for row in self._repository.rows.values():
            if row.position is None or row.scheduled_at is not None or row.state is not ImageState.IN_PROGRESS:
                continue
            bound = bounds.get((row.position.topic, row.position.partition))
            if bound is not None and fits(row.position.offset, bound):
                found.append(row)
        return found[:limit]
