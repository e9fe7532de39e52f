"""Samples, what happened, and products without a picture, in memory."""

from collections.abc import Collection
from datetime import datetime

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.search import PageOfImages
from faust_app.core.monitoring.samples import Sample
from faust_app.core.monitoring.timeline import Happened, Happening
from faust_app.core.monitoring.workers import ListedWorker
from tests.fakes.image_repository import FakeImageRepository


class FakeSamples:
    """Implements `Samples`."""

    def __init__(self) -> None:
        self.kept: list[Sample] = []

    async def newest(self) -> datetime | None:
        return self.kept[-1].at if self.kept else None

    async def add(self, sample: Sample) -> bool:
        if self.kept and self.kept[-1].at >= sample.at:
            return False
        self.kept.append(sample)
        return True

    async def since(self, since: datetime) -> list[Sample]:
        return [sample for sample in self.kept if sample.at >= since]

    async def forget(self, before: datetime, limit: int) -> int:
        old = [sample for sample in self.kept if sample.at < before][:limit]
        self.kept = [sample for sample in self.kept if sample not in old]
        return len(old)


class FakeTimeline:
    """Implements `Timeline`."""

    def __init__(self, *happened: Happening) -> None:
        self.happened = list(happened)

    async def between(self, since: datetime, until: datetime, kinds: Collection[Happened], limit: int) -> list[Happening]:
        found = [each for each in self.happened if since < each.at <= until and each.kind in kinds]
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


class FakePicturelessProducts:
    """Implements `PicturelessProducts` over the rows of the fake repository."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository

    async def count(self) -> int:
        return len({(row.shop_no, row.product_id) for row in self._failed()})

    async def images(self, after: ImageKey | None, limit: int) -> PageOfImages:
        rows = [row for row in self._failed() if after is None or row.key > after][:limit]
        return PageOfImages(rows, rows[-1].key if len(rows) == limit else None)

    def _failed(self) -> list[ImageRow]:
        rows = sorted(self._repository.rows.values(), key=lambda row: row.key)
        shown = {(row.shop_no, row.product_id) for row in rows if row.shown is not None}
        failed = [row for row in rows if row.state is ImageState.FAILED and row.shown is None and row.product_id is not None]
        return [row for row in failed if (row.shop_no, row.product_id) not in shown]


class FakeWorkerList:
    """Implements `WorkerList`."""

    def __init__(self, *workers: ListedWorker) -> None:
        self.workers = list(workers)
        self.fairness: list[tuple[str, str, float]] = []
        """Names, what they told, and how many seconds ago."""
        self.failure: Unavailable | None = None

    async def seen_within(self, seconds: float) -> list[ListedWorker]:
        return self.workers

    async def fairness_within(self, seconds: float) -> list[tuple[str, str]]:
        if self.failure is not None:
            raise self.failure
        return [(name, text) for name, text, age in self.fairness if age < seconds]

    async def starting_within(self, seconds: float) -> int:
        return sum(worker.stop_reason is None for worker in self.workers)
