"""Where an event goes, and what a dead letter carries."""

from dataclasses import replace

import pytest

from faust_app.core.dead_letter import MAX_VALUE_BYTES, dead_letter
from faust_app.core.events import Op
from faust_app.core.failure import FailureCode
from faust_app.core.image import ImageRow, event_of
from faust_app.core.lanes import Lane, lane
from faust_app.core.months import months_ahead
from faust_app.core.record import Record, parse_event
from faust_app.core.redact import redact_query
from faust_app.core.topics import Topics
from faust_app.flows.publish import event_json
from tests.factories import NOW, accepted_row, make_record

TOPICS = Topics.named("p.")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (accepted_row(), Lane("p.bulk", None)),
        (replace(accepted_row(), op=Op.UPDATE), Lane("p.bulk", b"7")),
        (replace(accepted_row(), op=Op.DELETE), Lane("p.bulk", b"7")),
        (replace(accepted_row(), attempt=1), Lane("p.retry", b"7/a")),
    ],
)
def test_a_registration_has_no_key_and_what_has_an_order_follows_its_shop(row: ImageRow, expected: Lane) -> None:
    assert lane(row, TOPICS) == expected


def test_the_event_of_a_row_reads_back_from_its_record() -> None:
    row = replace(accepted_row(image_id="á".encode()), product_id="p", external_version=3, correlation_id="c")
    event = event_of(row)
    assert parse_event(make_record(event_json(event))) == event


def letter(record: Record, detail: str = "why") -> dict[str, str]:
    message = dead_letter(
        record, topic="p.dead-letter", group="g", code=FailureCode.TRUNCATED, detail=detail, at=NOW, exception="e",
        image=(7, "á\n", 10, 0), host="h",
    )  # fmt: skip
    return {name: value.decode() for name, value in message.headers} | {"value-bytes": str(len(message.value)), "key": str(message.key)}


def test_a_dead_letter_tells_where_the_record_came_from() -> None:
    headers = letter(Record("p.bulk", 3, 44, 1_700_000_000_123, b"k", b"{}"))
    assert headers["kafka_dlt-original-topic"] == "p.bulk"
    assert (headers["kafka_dlt-original-partition"], headers["kafka_dlt-original-offset"]) == ("3", "44")
    assert headers["kafka_dlt-original-timestamp"] == "1700000000123"
    assert (headers["shop-images-code"], headers["shop-images-fingerprint"]) == ("truncated", "truncated@h")
    assert (headers["shop-images-image-id"], headers["shop-images-version"], headers["key"]) == ("%C3%A1%0A", "10", "b'7'")


def test_a_dead_letter_always_fits() -> None:
    headers = letter(make_record(b"x" * 950_000), detail="d" * 5_000)
    assert headers["value-bytes"] == str(MAX_VALUE_BYTES)
    assert headers["shop-images-cut-from-bytes"] == "950000"
    assert len(headers["kafka_dlt-exception-message"]) == 500


def test_months_are_kept_ahead_over_the_turn_of_the_year() -> None:
    names = [(month.name, str(month.end)) for month in months_ahead(NOW.date().replace(month=11))]
    assert names == [("m202611", "2026-12-01"), ("m202612", "2027-01-01"), ("m202701", "2027-02-01"), ("m202702", "2027-03-01")]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/a.jpg", "https://h/a.jpg"),
        ("https://h/a.jpg?sig=secret", "https://h/a.jpg?..."),
        ("https://h/a.jpg#frag", "https://h/a.jpg?..."),
        ("https://u:p@h:1/a", "https://h:1/a"),
    ],
)
def test_a_query_is_never_shown(url: str, shown: str) -> None:
    assert redact_query(url) == shown
