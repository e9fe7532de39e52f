"""Results reach the topic in their order, each at least once, whatever fails in between."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.failure import Dependency, RecordRefused, Unavailable
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.core.results.result import ImageResult, Result
from faust_app.flows.results import pass_of_steps
from faust_app.flows.results.order import OrderResults
from faust_app.flows.results.publish import PublishResults
from faust_app.metrics import Metrics
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.results import FakeResults

TOPIC = "t.results"


class LossyLog(FakeEventLog):
    """Kafka that leaves out, or refuses, the messages at given numbers of all sent; `late` are written all the same."""

    def __init__(self, lost: Sequence[int] = (), refused: Sequence[int] = (), late: Sequence[int] = ()) -> None:
        super().__init__()
        self.lost, self.refused, self.late = set(lost), set(refused), set(late)
        self.sent = 0

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        return [self._one(message) for message in messages]

    def _one(self, message: Message) -> Position | Unavailable | RecordRefused:
        number = self.sent
        self.sent += 1
        if number in self.refused:
            return RecordRefused("too large")
        if number in self.late or number not in self.lost:
            position = self._append(message)
            return position if number not in self.lost else Unavailable(Dependency.KAFKA, "late")
        return Unavailable(Dependency.KAFKA, "lost")


class Site:
    """What a process that publishes has; `results` are what the rows of images have told."""

    def __init__(self, log: FakeEventLog | None = None) -> None:
        self.repository = FakeImageRepository()
        self.results = FakeResults(self.repository)
        self.log = log or FakeEventLog()
        self.metrics = Metrics()
        self.order = OrderResults(self.results, self.metrics)
        self.publish = self.publisher()

    def publisher(self) -> PublishResults:
        return PublishResults(self.results, self.log, self.metrics, clock=self.repository, topic=TOPIC, public_base_url="https://cdn.test")

    async def tell(self, *image_ids: str) -> None:
        now = await self.repository.now()
        self.repository.outbox += [
            Result(now, 7, image_id.encode(), {"kind": "stored", "version": number}) for number, image_id in enumerate(image_ids)
        ]
        await self.order.step()

    def told(self) -> list[ImageResult]:
        return [ImageResult.model_validate_json(message.value) for message in self.log.messages[TOPIC]]

    async def published(self) -> bool:
        return not (await self.results.unpublished(1)).rows


async def test_results_are_published_in_order_with_their_positions_and_keys() -> None:
    site = Site()
    await site.tell("a", "b", "a")
    assert await site.publish.step() == 3
    assert [(each.image_id, each.version) for each in site.told()] == [("a", 0), ("b", 1), ("a", 2)]
    assert [message.key for message in site.log.messages[TOPIC]] == [b"7/a", b"7/b", b"7/a"]
    assert [each.position for each in site.told()] == [row.position for row in site.results.feed]
    assert await site.publish.step() == 0


async def test_only_what_is_acknowledged_without_a_gap_counts_as_published() -> None:
    site = Site(LossyLog(lost=[1]))
    await site.tell("a", "b", "a")
    with pytest.raises(Unavailable):
        await site.publish.step()
    assert site.results.published == site.results.feed[0].position
    await site.publish.step()
    await site.publish.step()
    assert await site.published()
    assert [each.version for each in site.told()] == [0, 2, 1, 2]


async def test_a_probe_alone_is_sent_while_kafka_is_unavailable() -> None:
    site = Site()
    await site.tell(*"abc")
    site.log.unavailable = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await site.publish.step()
    site.log.unavailable = False
    assert await site.publish.step() == 1
    assert await site.publish.step() == 2
    assert site.log.sends == [3, 1, 1, 1, 2]


async def test_a_result_that_kafka_refuses_holds_up_no_other() -> None:
    site = Site(LossyLog(refused=[0]))
    await site.tell(*"ab")
    assert await site.publish.step() == 2
    assert [each.image_id for each in site.told()] == ["b"]
    counted = {name: site.metrics.registry.get_sample_value(f"shop_images_results_{name}_total") for name in ("refused", "published")}
    assert counted == {"refused": 1, "published": 1}


async def test_ordering_goes_on_while_kafka_is_unavailable_and_the_gauges_say_how_many_wait() -> None:
    site = Site()
    site.log.unavailable = True
    await site.tell(*"ab")
    with pytest.raises(Unavailable):
        await site.publish.run_pass()
    await site.tell("c")
    site.repository.advance = timedelta(seconds=90)
    with pytest.raises(Unavailable):
        await site.publish.run_pass()
    gauges = {name: site.metrics.registry.get_sample_value(f"shop_images_results_{name}") for name in ("waiting", "oldest_seconds")}
    assert gauges["waiting"] == 3
    assert gauges["oldest_seconds"] == pytest.approx(90, abs=5)
    site.publish.stand_down()
    assert site.metrics.registry.get_sample_value("shop_images_results_waiting") == 0


async def test_two_publishers_at_once_publish_every_result() -> None:
    site = Site()
    await site.tell(*(f"i{number}" for number in range(50)))
    other = site.publisher()
    while not await site.published():
        await asyncio.gather(site.publish.step(), other.step())
    assert {each.image_id for each in site.told()} == {f"i{number}" for number in range(50)}


async def test_a_pass_goes_on_at_once_while_steps_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pass_of_steps, "PASS_SECONDS", 0.05)
    monkeypatch.setattr(pass_of_steps, "IDLE_SECONDS", 1.0)
    found = iter([10, 10, 3])

    async def step() -> int:
        return next(found)

    assert await pass_of_steps.pass_of_steps(step, 10) == 23


numbers = st.lists(st.integers(0, 60), max_size=12)


@given(images=st.lists(st.sampled_from("abc"), min_size=1, max_size=20), lost=numbers, late=numbers)
def test_whatever_is_lost_all_arrives_and_the_last_record_of_an_image_is_its_newest(
    images: list[str], lost: list[int], late: list[int]
) -> None:
    async def run() -> None:
        site = Site(LossyLog(lost, late=late))
        await site.tell(*images)
        while not await site.published():
            try:
                await site.publish.step()
            except Unavailable:
                continue
        told = site.told()
        assert {each.version for each in told} == set(range(len(images)))
        newest = {image: number for number, image in enumerate(images)}
        assert {str(each.image_id): each.version for each in told} == newest

    asyncio.run(run())


def test_a_reader_two_releases_old_ignores_what_it_does_not_know() -> None:
    old = {"kind": "stored", "shop_no": 7, "image_id": "a", "at": "2026-03-01T12:00:00Z", "position": 1}
    read = ImageResult.model_validate_json(json.dumps({**old, "variants": [{"width": 100}], "new_field": {"a": 1}}))
    assert (read.kind, read.position, read.product_id) == ("stored", 1, None)
