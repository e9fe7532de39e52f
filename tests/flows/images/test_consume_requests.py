"""Records of `requests` become rows once, in order, whatever is delivered twice."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.failure import FailureCode, Permanent, RecordRefused, Unavailable
from faust_app.core.messages.record import Message, Record
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.consume_requests import TakeRequests
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.intake import Intake
from faust_app.flows.images.publish import Publisher
from faust_app.metrics import Metrics
from tests.factories import LEASE, NOW
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.lane_choice import all_bulk

TOPIC, DEAD = "p.requests", "p.dead-letter"


class Harness:
    def __init__(self) -> None:
        self.rows, self.log, metrics = FakeImageRepository(), FakeEventLog(), Metrics()
        publisher = Publisher(self.log, self.rows, Topics.named("p."), metrics, all_bulk(metrics))
        intake = Intake(self.rows, publisher, metrics, clock=self.rows, lease=LEASE)
        dead_letters = DeadLetters(self.log, metrics, topic=DEAD, group="g")
        self.metrics = metrics
        self.paused: dict[int, ShopControl] = {}
        self.take = TakeRequests(
            self.rows, intake, dead_letters, self.log, clock=self.rows, pause_of=self.paused.get, group="g-requests", lease=LEASE
        )

    def versions(self) -> dict[str, int]:
        return {key[1].decode(): row.version for key, row in self.rows.rows.items()}


@pytest.fixture
def harness() -> Harness:
    return Harness()


def record(offset: int, image_id: str = "a", *, at: int = 1_700_000_000_000, value: bytes | None = None, **fields: Any) -> Record:
    asked = {"op": "register", "shop_no": 7, "image_id": image_id, "source_url": f"http://source.test/{offset}.jpg", **fields}
    return Record(TOPIC, 0, offset, at, None, json.dumps(asked).encode() if value is None else value)


async def test_a_batch_becomes_rows_and_the_next_offset_is_stored_with_them(harness: Harness) -> None:
    await harness.take.take([record(5, "a"), record(6, "b")])
    assert set(harness.versions()) == {"a", "b"}
    assert await harness.take.start_offset(TOPIC, 0) == 7


async def test_a_batch_that_is_delivered_again_changes_nothing(harness: Harness) -> None:
    batch = [record(5, "a"), record(6, "b")]
    await harness.take.take(batch)
    before = harness.versions()
    await harness.take.take(batch)
    assert harness.versions() == before


async def test_of_a_batch_that_overlaps_only_the_rest_is_taken(harness: Harness) -> None:
    await harness.take.take([record(5, "a")])
    before = harness.versions()["a"]
    await harness.take.take([record(5, "a"), record(6, "b")])
    assert harness.versions()["a"] == before
    assert await harness.take.start_offset(TOPIC, 0) == 7


async def test_records_that_are_no_requests_are_counted_once_however_often_they_come(harness: Harness) -> None:
    batch = [record(0, "a"), record(1, value=b"\x00nonsense"), record(2, value=b"{}")]
    await harness.take.take(batch)
    await harness.take.take(batch)
    assert [occurrence.fingerprint for occurrence in harness.rows.occurrences] == ["record.unparseable@-"] * 2


async def test_a_record_that_another_reader_counted_meanwhile_is_not_counted_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.take.take([record(0, value=b"\x00nonsense")])

    async def read_before_the_other_committed(_topic: str, _partition: int) -> None:
        return None

    monkeypatch.setattr(harness.rows, "intake_offset", read_before_the_other_committed)
    await harness.take.take([record(0, value=b"\x00nonsense"), record(1, value=b"\x00nonsense")])
    assert len(harness.rows.occurrences) == 2


async def test_a_record_that_the_dead_letters_refuse_for_ever_holds_up_no_other(harness: Harness) -> None:
    async def refuse(messages: Sequence[Message]) -> list[RecordRefused]:
        return [RecordRefused("MessageSizeTooLargeError")] * len(messages)

    harness.log.publish = refuse  # type: ignore[assignment, method-assign]
    await harness.take.take([record(0, value=b"\x00nonsense"), record(1, "b")])
    assert set(harness.versions()) == {"b"}
    assert await harness.take.start_offset(TOPIC, 0) == 2


async def test_an_invalid_record_goes_raw_to_the_dead_letters_and_the_others_into_their_rows(harness: Harness) -> None:
    await harness.take.take([record(0, "a"), record(1, value=b"\x00nonsense"), record(2, "b")])
    assert set(harness.versions()) == {"a", "b"}
    (letter,) = harness.log.messages[DEAD]
    assert letter.value == b"\x00nonsense"
    assert dict(letter.headers)["kafka_dlt-original-offset"] == b"1"
    assert await harness.take.start_offset(TOPIC, 0) == 3


async def test_a_request_of_a_paused_shop_goes_to_the_dead_letters_and_those_of_others_into_their_rows(harness: Harness) -> None:
    harness.paused[8] = ShopControl(8, ControlKind.PAUSE, None, "its catalogue is wrong", "ada", NOW, NOW + timedelta(hours=2))
    await harness.take.take([record(0, "a"), record(1, "b", shop_no=8), record(2, "c", op="delete", source_url=None, shop_no=8)])
    assert set(harness.versions()) == {"a"}
    letters = [dict(letter.headers) for letter in harness.log.messages[DEAD]]
    assert [letter["shop-images-code"] for letter in letters] == [b"shop_paused"] * 2
    assert all(b"ada" not in value for letter in letters for value in letter.values())
    assert await harness.take.start_offset(TOPIC, 0) == 3
    assert [(each.shop_no, each.image_id, each.reason.endswith(": its catalogue is wrong")) for each in harness.rows.rejections] == [
        (8, "b", True),
        (8, "c", True),
    ]
    assert harness.rows.occurrences == []  # it wakes nobody
    assert harness.metrics.registry.get_sample_value("shop_images_requests_total", {"entry_point": "topic", "decision": "paused"}) == 2


async def test_what_a_resumed_shop_sends_is_taken(harness: Harness) -> None:
    harness.paused[7] = ShopControl(7, ControlKind.PAUSE, None, "why", "ada", NOW)
    await harness.take.take([record(0, "a")])
    harness.paused.clear()
    await harness.take.take([record(1, "b")])
    assert set(harness.versions()) == {"b"}


async def test_no_offset_is_stored_before_the_dead_letter_is_acknowledged(harness: Harness) -> None:
    harness.log.unavailable = True
    with pytest.raises(Unavailable):
        await harness.take.take([record(0, "a"), record(1, value=b"nonsense")])
    assert (harness.versions(), await harness.take.start_offset(TOPIC, 0)) == ({}, None)


async def test_a_record_with_a_lower_offset_but_a_later_time_is_another_log_and_is_taken(harness: Harness) -> None:
    await harness.take.take([record(500, "a")])
    await harness.take.take([record(0, "b", at=1_700_000_000_001)])
    assert set(harness.versions()) == {"a", "b"}
    assert await harness.take.start_offset(TOPIC, 0) == 1


async def test_a_request_that_reached_the_topic_before_the_rows_is_superseded(harness: Harness) -> None:
    now = _milliseconds(await harness.rows.now())
    await harness.take.take([record(0, "a", at=now)])
    first = harness.versions()["a"]
    await harness.take.take([record(1, "a", at=now - 60_000)])
    assert harness.versions()["a"] == first
    assert [entry.outcome for entry in harness.rows.entries] == ["superseded"]


async def test_append_times_are_corrected_by_the_difference_of_the_clocks(harness: Harness) -> None:
    harness.log.clock_ahead = 3600.0
    at = await harness.rows.now() + timedelta(hours=1)
    await harness.take.take([record(0, "a", at=_milliseconds(at))])
    (row,) = harness.rows.rows.values()
    assert abs(row.requested_at - (at - timedelta(hours=1))) < timedelta(seconds=1)


async def test_a_time_in_the_future_counts_as_now(harness: Harness) -> None:
    at = await harness.rows.now() + timedelta(hours=1)
    await harness.take.take([record(0, "a", at=_milliseconds(at))])
    (row,) = harness.rows.rows.values()
    assert row.requested_at <= await harness.rows.now()


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError("bug"), b"internal_error"), (Permanent(FailureCode.UNSTORABLE_RESULT), b"unstorable_result")]
)
async def test_a_record_that_alone_cannot_be_taken_goes_to_the_dead_letters_and_holds_up_nobody(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, error: Exception, code: bytes
) -> None:
    change = harness.rows.change

    async def fail_for_b(keys: list[tuple[int, bytes]], *args: Any, **kwargs: Any) -> Any:
        if (7, b"b") in keys:
            raise error
        return await change(keys, *args, **kwargs)

    monkeypatch.setattr(harness.rows, "change", fail_for_b)
    await harness.take.take([record(0, "a"), record(1, "b"), record(2, "c")])
    assert set(harness.versions()) == {"a", "c"}
    assert [dict(letter.headers)["shop-images-code"] for letter in harness.log.messages[DEAD]] == [code]
    assert await harness.take.start_offset(TOPIC, 0) == 3


@pytest.mark.parametrize("at", [-1, 2**62])
async def test_a_time_that_no_calendar_has_stops_no_reader(harness: Harness, at: int) -> None:
    await harness.take.take([record(0, "a", at=at)])
    assert set(harness.versions()) == {"a"}


def _milliseconds(at: Any) -> int:
    return int((at - type(at)(1970, 1, 1)).total_seconds() * 1000)
