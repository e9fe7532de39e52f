"""The contract of the topics: what is accepted, what is refused and by which name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from faust_app.core.messages.events import BatchItem, Image, ImageEvent, ImageRequest
from faust_app.core.messages.field_errors import problems
from faust_app.core.messages.record import Unparseable, parse_event, parse_request
from tests.factories import NOW, make_record

GOOD: dict[str, Any] = {"op": "register", "shop_no": 7, "image_id": "a", "source_url": "https://shop.test/a.jpg"}


def wrong_fields(model: type[Image] | type[ImageRequest] | type[BatchItem], values: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return [field for field, _ in problems(caught.value)]


def test_a_request_in_json_is_read() -> None:
    request = parse_request(make_record(b'{"op":"register","shop_no":7,"image_id":"a","source_url":"https://shop.test/a.jpg"}'))
    assert request == ImageRequest.model_validate(GOOD)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"op": "replace"}, "op"),
        ({"op": None}, "op"),
        ({"shop_no": 0}, "shop_no"),
        ({"shop_no": -1}, "shop_no"),
        ({"shop_no": 2**53}, "shop_no"),
        ({"shop_no": "7"}, "shop_no"),
        ({"shop_no": 7.0}, "shop_no"),
        ({"shop_no": True}, "shop_no"),
        ({"image_id": ""}, "image_id"),
        ({"image_id": "x" * 65}, "image_id"),
        ({"image_id": "á" * 33}, "image_id"),
        ({"image_id": "a\n"}, "image_id"),
        ({"image_id": "a\x7f"}, "image_id"),
        ({"image_id": "a\x85"}, "image_id"),
        ({"image_id": "\ud800"}, "image_id"),
        ({"image_id": 5}, "image_id"),
        ({"product_id": ""}, "product_id"),
        ({"product_name": " "}, "product_name"),
        ({"product_name": "ä" * 101}, "product_name"),
        ({"product_name": "two\nlines"}, "product_name"),
        ({"product_name": "two\u2028lines"}, "product_name"),
        ({"product_name": "\ud800"}, "product_name"),
        ({"sku": "s" * 65}, "sku"),
        ({"sku": "a\x00"}, "sku"),
        ({"correlation_id": "c" * 65}, "correlation_id"),
        ({"source_url": None}, "source_url"),
        ({"source_url": ""}, "source_url"),
        ({"source_url": "ftp://shop.test/a"}, "source_url"),
        ({"source_url": "/a.jpg"}, "source_url"),
        ({"source_url": "http://"}, "source_url"),
        ({"source_url": "http:///a"}, "source_url"),
        ({"source_url": "http://user:secret@shop.test/a"}, "source_url"),
        ({"source_url": "http://user@shop.test/a"}, "source_url"),
        ({"source_url": "http://shop.test/a\tb"}, "source_url"),
        ({"source_url": "http://shop test/a"}, "source_url"),
        ({"source_url": "http://xn--/a"}, "source_url"),
        ({"source_url": "http://*/a"}, "source_url"),
        ({"source_url": "http://0x7f.1/a"}, "source_url"),
        ({"source_url": "http://127.1/a"}, "source_url"),
        ({"source_url": "http://shop.test/\udc80"}, "source_url"),
        ({"source_url": "http://shop.test/a\r\nHost: x"}, "source_url"),
        ({"source_url": "http://shop.test:99999/a"}, "source_url"),
        ({"source_url": "http://[::1/a"}, "source_url"),
        ({"source_url": "http://shop.test/" + "x" * 4096}, "source_url"),
        ({"external_version": 0}, "external_version"),
        ({"external_version": 2**53}, "external_version"),
        ({"external_version": "1"}, "external_version"),
        ({"op": "delete"}, "source_url"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    assert field in wrong_fields(ImageRequest, {**GOOD, **change})


@pytest.mark.parametrize("field", ["op", "shop_no", "image_id", "source_url"])
def test_a_missing_field_is_named(field: str) -> None:
    assert field in wrong_fields(ImageRequest, {name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("image_id", [".", ".."])
def test_an_id_that_no_address_can_name_is_refused_at_every_entry_point(image_id: str) -> None:
    assert "image_id" in wrong_fields(ImageRequest, {**GOOD, "image_id": image_id})
    value = json.dumps({"op": "register", "shop_no": 7, "image_id": image_id, "source_url": "https://a.test/a.jpg"}).encode()
    parsed = parse_request(make_record(value))
    assert isinstance(parsed, Unparseable)
    assert "image_id: must not be `.` or `..`: no address can name them" in parsed.detail


@pytest.mark.parametrize("image_id", ["a/b", "%FF", "á", "画像", "x" * 64, " a "])
def test_every_other_text_is_an_id(image_id: str) -> None:
    assert ImageRequest.model_validate({**GOOD, "image_id": image_id}).key == (7, image_id.encode())


def test_a_wrong_value_is_never_repeated_in_the_reason() -> None:
    with pytest.raises(ValidationError) as caught:
        ImageRequest.model_validate({**GOOD, "source_url": "ftp://user:secret@shop.test/"})
    assert "secret" not in str(problems(caught.value)) + str(caught.value)


def test_our_own_event_ignores_fields_of_another_release() -> None:
    value = b'{"op":"register","shop_no":7,"image_id":"a","version":1,"requested_at":"2026-03-01T12:00:00","priority":9}'
    event = parse_event(make_record(value))
    assert isinstance(event, ImageEvent)
    assert (event.version, event.requested_at, event.retry_count) == (1, NOW, 0)


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"op":"register"}', b'"x"', b"1e999", b"NaN"])
def test_what_is_no_record_is_unparseable_and_not_an_error(value: bytes | None) -> None:
    assert isinstance(parse_event(make_record(value)), Unparseable)
    assert isinstance(parse_request(make_record(value)), Unparseable)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_unparseable(value: bytes) -> None:
    assert isinstance(parse_event(make_record(value)), ImageEvent | Unparseable)
    assert isinstance(parse_request(make_record(value)), ImageRequest | Unparseable)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_a_valid_request_or_a_named_problem(image_id: str, url: str) -> None:
    values = {**GOOD, "image_id": image_id, "source_url": url}
    try:
        request = ImageRequest.model_validate(values)
    except ValidationError as error:
        assert {field for field, _ in problems(error)} <= {"image_id", "source_url"}
    else:
        assert (request.image_id, request.source_url) == (image_id, url)
