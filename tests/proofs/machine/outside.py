"""The outside as an enemy: fakes that take an answer away, let a PUT land late, and fail as often as they are told."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.core.sources.content import Fetched, NotModified, Validators
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.event_log import FakeEventLog
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.object_store import FakeObjectStore
from tests.pictures import picture
from tests.proofs.machine.jumping_loop import JumpingLoop

PICTURES: Final = (picture("jpg", seed=1), picture("jpg", seed=2))
START: Final = datetime(2100, 1, 1)  # noqa: DTZ001 - UTC without a zone; no image of the machine is a day old by the real clock


class Rows(FakeImageRepository):
    """By the loop's clock, and `advance`; `lost_answers` of writes come after the write, and are no answers."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop
        self.lost_answers = 0

    async def change(self, *arguments: Any, **options: Any) -> Any:
        result = await super().change(*arguments, **options)
        self._lose_answer()
        return result

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        written = await super().mark_published(published)
        self._lose_answer()
        return written

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        claimed = await super().claim_due(limit, lease)
        self._lose_answer()
        return claimed

    def _lose_answer(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise Unavailable(Dependency.DATABASE, "the answer was lost")

    def _clock(self) -> datetime:
        now = START + timedelta(seconds=self._loop.time()) + self.advance
        self._last_now = max(now, self._last_now + timedelta(microseconds=1))
        return self._last_now


class Log(FakeEventLog):
    """`lost_answers` of sends arrive, and are not acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.lost_answers = 0

    async def publish(self, messages: Sequence[Message]) -> list[Any]:
        results = await super().publish(messages)
        if self.lost_answers and messages:
            self.lost_answers -= 1
            return [Unavailable(Dependency.KAFKA, "the answer was lost")] * len(messages)
        return results


class Store(FakeObjectStore):
    """`late_puts` do not answer and land when `land` says so."""

    def __init__(self) -> None:
        super().__init__()
        self.late_puts = 0
        self.under_way: list[tuple[str, bytes]] = []

    async def put(self, key: str, content: bytes, **about: Any) -> None:
        if self.late_puts and key.startswith("shops/"):
            self.late_puts -= 1
            self.under_way.append((key, content))
            raise Unavailable(Dependency.STORAGE, "no answer")
        await super().put(key, content, **about)

    def land(self, index: int) -> None:
        key, content = self.under_way.pop(index)
        self.objects[key] = content


class Sources(FakeFetcher):
    """Every address has one picture, or fails for good, or fails some times first, or answers once; all say the same ETag."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop
        self.seconds: dict[str, float] = {}
        self.to_fail: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.gone_later: set[str] = set()

    def add(self, url: str, source: str, *, seconds: float) -> None:
        self.seconds[url] = seconds
        if source == "is gone later":
            self.gone_later.add(url)
        self.to_fail[url] = {"fails once": 1, "fails twice": 2, "fails always": 99}.get(source, 0)
        self.sources[url] = Permanent(FailureCode.SOURCE_GONE) if source == "is gone" else Fetched(content(url), Validators('"same"'))

    def remove_all(self) -> None:
        """Let every address that answered so far be gone from now on."""
        self.gone_later.update(self.sources)

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        await asyncio.sleep(self.seconds[url])
        if url in self.gone_later and self.fetched and any(fetched == url for fetched, _ in self.fetched):
            self.failures[url] += 1
            raise Permanent(FailureCode.SOURCE_GONE)
        if self.to_fail[url] > 0:
            self.to_fail[url] -= 1
            self.failures[url] += 1
            raise Transient(FailureCode.SOURCE_ERROR, "status 500")
        try:
            return await super().fetch(url, validators)
        except Failure:
            self.failures[url] += 1
            raise


class Offsets(FakeConsumerOffsets):
    """Every offset up to the first that is not acknowledged is committed."""

    def __init__(self, log: FakeEventLog, topics: Sequence[str], acked: set[tuple[str, int]]) -> None:
        super().__init__(log, topics)
        self._acked = acked

    async def committed(self) -> dict[Any, Any]:
        for topic in self._topics:
            while (topic, self.offsets.get(topic, 0)) in self._acked:
                self.offsets[topic] = self.offsets.get(topic, 0) + 1
        return await super().committed()


def content(url: str) -> bytes:
    """Return what an address has: the number in it tells which picture."""
    return PICTURES[int(url.rpartition("/")[2].partition("-")[0])]
