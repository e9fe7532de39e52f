"""What a dead letter carries."""

from faust_app.core.failure import FailureCode
from faust_app.core.images.dead_letter import MAX_VALUE_BYTES, dead_letter
from faust_app.core.messages.record import Record
from tests.factories import NOW, make_record


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
