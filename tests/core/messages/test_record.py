"""A record from outside is what its contract says, or unparseable; never an error, never long, and nothing of it is repeated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.messages.events import ImageEvent, ImageRequest
from faust_app.core.messages.record import Unparseable, parse_event, parse_request
from tests.factories import make_record
from tests.sentences import is_sentence

EVENT: dict[str, Any] = {
    "op": "register", "shop_no": 7, "image_id": "a", "version": 5, "retry_count": 1, "requested_at": "2026-03-01T12:00:00",
    "last_error": {"code": "source_error", "detail": "status 500", "at": "2026-03-01T12:00:00"},
}  # fmt: skip
REQUEST: dict[str, Any] = {"op": "register", "shop_no": 7, "image_id": "a", "source_url": "https://shop.test/a.jpg?sig=s3cr3t"}
SECRET = "https://shop.test/a.jpg?sig=s3cr3t"


def event_with(**changes: str) -> bytes:
    """Return the event as JSON with fields replaced by raw JSON text."""
    fields = {name: json.dumps(value) for name, value in EVENT.items()} | changes
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + "}").encode()


def test_the_unchanged_event_is_read() -> None:
    assert isinstance(parse_event(make_record(event_with())), ImageEvent)


FORGED = ["-1", "1.0", "1.5", "true", '"1"', "null", "9223372036854775808", "1e3", "1e999", "NaN", "[1]", "{}", "9" * 5000, "0x1", "01"]


@pytest.mark.parametrize("field", ["version", "retry_count", "shop_no", "external_version"])
@pytest.mark.parametrize("value", FORGED)
def test_a_forged_number_is_unparseable(field: str, value: str) -> None:
    parsed = parse_event(make_record(event_with(**{field: value})))
    if (field, value) == ("external_version", "null"):
        assert isinstance(parsed, ImageEvent)
        return
    assert isinstance(parsed, Unparseable)
    assert value not in parsed.detail or len(value) < 5


@pytest.mark.parametrize(("field", "value"), [("version", "0"), ("retry_count", "4"), ("shop_no", "9007199254740992")])
def test_a_number_out_of_its_range_is_unparseable(field: str, value: str) -> None:
    assert isinstance(parse_event(make_record(event_with(**{field: value}))), Unparseable)


@pytest.mark.parametrize(("field", "value"), [("version", str(2**63 - 1)), ("retry_count", "3"), ("retry_count", "0")])
def test_the_ends_of_a_range_are_inside(field: str, value: str) -> None:
    assert isinstance(parse_event(make_record(event_with(**{field: value}))), ImageEvent)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (event_with(version='5,"version":6'), "names version twice"),
        (event_with(extra='{"a":NaN}'), "contains NaN"),
        (event_with(extra='"\\ud800"'), "must be JSON: "),
        (event_with(image_id='"\\udfff"'), "must be JSON: "),
        (event_with(extra="[" * 50 + "]" * 50), "nested deeper"),
        (event_with(extra='"' + "x" * 70_000 + '"'), "larger than 65536 bytes"),
        (event_with(requested_at="1772366400"), "requested_at"),
        (event_with(requested_at='"yesterday"'), "requested_at"),
        (event_with(last_error='{"code":5,"detail":"","at":"2026-03-01T12:00:00"}'), "last_error.code"),
        (b"[]", "must be an object"),
        (b"null", "must be an object"),
        (b"[" * 200_000, "larger than 65536 bytes"),
        (b"[" * 60_000, "nested deeper"),
        (b'{"' + b"k" * 60_000 + b'":1}', "is required"),
    ],
)
def test_a_harmful_record_is_unparseable_for_a_named_reason(value: bytes, reason: str) -> None:
    for parsed in (parse_event(make_record(value)), parse_request(make_record(value))):
        assert isinstance(parsed, Unparseable)
        assert len(parsed.detail) <= 500
    assert reason in parse_event(make_record(value)).detail  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"source_url": SECRET.replace("https", "ftp")}, {SECRET: 1}, {"image_id": SECRET * 3}, {"op": SECRET}, {"shop_no": SECRET},
        {"external_version": SECRET}, {"\x1b[31m\n": 1}, {"source_url": {"u": SECRET}},
    ],
)  # fmt: skip
def test_the_reason_repeats_nothing_of_the_record(change: dict[str, Any]) -> None:
    parsed = parse_request(make_record(json.dumps({**REQUEST, **change}).encode()))
    assert isinstance(parsed, Unparseable)
    assert "s3cr3t" not in parsed.detail
    assert parsed.detail.isprintable()


WORDS = st.sampled_from(["register", "delete", "2026-03-01T12:00:00"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*EVENT, *REQUEST, "other"]), VALUES, max_size=12), st.sampled_from([{}, EVENT, REQUEST]))
def test_any_values_in_any_fields_are_a_record_or_unparseable(change: dict[str, Any], start: dict[str, Any]) -> None:
    record = make_record(json.dumps({**start, **change}).encode())
    assert isinstance(parse_event(record), ImageEvent | Unparseable)
    assert isinstance(parse_request(record), ImageRequest | Unparseable)


@given(st.integers(0, 400), st.binary(max_size=12), st.integers(0, 12))
def test_a_damaged_record_is_a_record_or_unparseable(at: int, damage: bytes, gone: int) -> None:
    whole = event_with()
    record = make_record(whole[:at] + damage + whole[at + gone :])
    assert isinstance(parse_event(record), ImageEvent | Unparseable)
    assert isinstance(parse_request(record), ImageRequest | Unparseable)


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_record_or_unparseable(value: bytes) -> None:
    assert isinstance(parse_event(make_record(value)), ImageEvent | Unparseable)
    assert isinstance(parse_request(make_record(value)), ImageRequest | Unparseable)


URLS = (
    st.text(max_size=60)
    | st.text(alphabet="htps:/[]@#?%.\\0129afx\uff45\u2024\u3002\t\n ", max_size=40)
    | st.builds("http://{}{}".format, st.text(max_size=30), st.text(alphabet="/?#:@[]%", max_size=8))
)


@given(URLS)
def test_any_text_is_an_address_or_a_named_problem(url: str) -> None:
    parsed = parse_request(make_record(json.dumps({**REQUEST, "source_url": url}).encode()))
    if isinstance(parsed, Unparseable):
        assert is_sentence(parsed.detail)
        assert any(part in parsed.detail for part in ("source_url: ", "body: Invalid JSON", "The record "))
    else:
        assert parsed.source_url == url
