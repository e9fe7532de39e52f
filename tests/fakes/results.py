"""Results in memory, under the contract that the real tables keep."""

from dataclasses import dataclass, field
from datetime import datetime

from faust_app.core.results.backlog import ResultsBacklog, Unpublished
from faust_app.core.results.body import body_of
from faust_app.core.results.positions import first_position, position_at
from faust_app.core.results.result import Positioned
from tests.fakes.image_repository import FakeImageRepository


@dataclass
class FakeResults:
    """Implements `Results` over the results that a fake repository wrote."""

    repository: FakeImageRepository
    feed: list[Positioned] = field(default_factory=list)
    last: int = 0
    published: int = 0
    dropped: int = 0

    async def order(self, limit: int) -> int:
        first = first_position(self.last, await self.repository.now())
        taken = self.repository.outbox[:limit]
        del self.repository.outbox[:limit]
        for position, each in enumerate(taken, first):
            self.feed.append(Positioned(position, each.at, each.shop_no, each.image_id, body_of(each)))
            self.last = position
        return len(taken)

    async def unpublished(self, limit: int) -> Unpublished:
        await self.repository.now()
        return Unpublished(self.published, [row for row in self.feed if row.position > self.published][:limit])

    async def mark_published(self, before: int, to: int, count: int) -> bool:
        await self.repository.now()
        del count
        if before != self.published:
            return False
        self.published = to
        return True

    async def backlog(self) -> ResultsBacklog:
        await self.repository.now()
        waiting = [row.at for row in self.feed if row.position > self.published] + [each.at for each in self.repository.outbox]
        return ResultsBacklog(len(waiting), waiting[0] if waiting else None)

    async def drop(self, before: datetime, limit: int) -> int:
        gone = [row for row in self.feed if row.position < position_at(before) and row.position <= self.published][:limit]
        if gone:
            self.dropped = gone[-1].position
            del self.feed[: len(gone)]
        return len(gone)
