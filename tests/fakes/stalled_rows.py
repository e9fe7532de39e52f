"""Unfinished and failed rows counted and listed over the rows in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.positions import TopicPartition
from faust_app.core.monitoring.unfinished import Positions, RowCounts, is_overdue
from tests.fakes.image_repository import FakeImageRepository


class FakeStalledRows:
    """Implements `StalledRows`."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository

    async def tops(self) -> dict[TopicPartition, int]:
        tops: dict[TopicPartition, int] = {}
        for row in await self._find(lambda row: row.position is not None, None):
            assert row.position is not None
            place = (row.position.topic, row.position.partition)
            tops[place] = max(tops.get(place, 0), row.position.offset)
        return tops

    async def counts(self, now: datetime, stalled_after: timedelta, shop_no: int | None) -> RowCounts:
        rows = await self._find(lambda _: True, shop_no)
        scheduled = [row.scheduled_at for row in rows if row.scheduled_at is not None]
        opened = [row.open_since for row in rows if row.open_since is not None]
        return RowCounts(
            scheduled=len(scheduled),
            due=sum(at <= now for at in scheduled),
            overdue=sum(is_overdue(row, now) for row in rows),
            next_due=min(scheduled, default=None),
            placed=sum(row.position is not None for row in rows),
            old=sum(since <= now - stalled_after for since in opened),
            oldest_open=min(opened, default=None),
            failed=sum(row.state is ImageState.FAILED for row in rows),
        )

    async def lost(
        self, where: Sequence[Positions], counts: RowCounts, young_since: datetime, shop_no: int | None, limit: int
    ) -> tuple[RowCounts, list[ImageRow]]:
        rows = await self._find(lambda row: any(_is_in(row, each) for each in where), shop_no)
        young = sum(row.open_since is not None and row.open_since > young_since for row in rows)
        return replace(counts, lost=len(rows), lost_young=young), rows[:limit]

    async def old(self, open_until: datetime, shop_no: int | None, limit: int) -> list[ImageRow]:
        rows = await self._find(lambda row: row.open_since is not None and row.open_since <= open_until, shop_no)
        return sorted(rows, key=lambda row: str(row.open_since))[:limit]

    async def queued(self, where: Sequence[Positions], shop_no: int | None, limit: int) -> list[ImageRow]:
        rows = await self._find(lambda row: any(_is_in(row, each) for each in where), shop_no)
        return sorted(rows, key=lambda row: str(row.open_since))[:limit]

    async def scheduled(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        return sorted(await self._find(lambda row: row.scheduled_at is not None, shop_no), key=lambda row: str(row.scheduled_at))[:limit]

    async def failed(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        return (await self._find(lambda row: row.state is ImageState.FAILED, shop_no))[:limit]

    async def knows_shop(self, shop_no: int) -> bool:
        return bool(await self._find(lambda _: True, shop_no))

    async def _find(self, fits: Callable[[ImageRow], bool], shop_no: int | None) -> list[ImageRow]:
        await self._repository._answer()
        return [row for row in self._repository.rows.values() if fits(row) and shop_no in {None, row.shop_no}]


def _is_in(row: ImageRow, where: Positions) -> bool:
    position = row.position
    return position is not None and (position.topic, position.partition) == where.place and where.start <= position.offset < where.end
