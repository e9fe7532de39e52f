"""What no valid document holds is refused by its kind, and nothing of it is repeated."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.messages.strict_json import MAX_DEPTH, MAX_DOCUMENT_BYTES, NotStrict, array_items, check_strict, plain_name


def reason(raw: bytes) -> str:
    with pytest.raises(NotStrict) as caught:
        check_strict(raw)
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "is not valid JSON"),
        (b"{", "is not valid JSON"),
        (b"{'a':1}", "is not valid JSON"),
        (b'{"a":1}x', "is not valid JSON"),
        (b"\xef\xbb\xbf{}", "is not valid JSON"),
        (b"\xff", "is not UTF-8"),
        (b'"\xed\xa0\x80"', "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b'{"version":1,"version":2}', "names version twice"),
        (b'{"version":1,"\\u0076ersion":2}', "names version twice"),
        (b'{"a":{"op":1,"op":1}}', "names op twice"),
        (b'{"http://h/?sig=s3cr3t":1,"http://h/?sig=s3cr3t":1}', "names (unknown field) twice"),
        (b'{"a":NaN}', "contains NaN, which is not JSON"),
        (b"[Infinity]", "contains Infinity, which is not JSON"),
        (b"[-Infinity]", "contains -Infinity, which is not JSON"),
        (b"[1e999]", "contains a number that is too large"),
        (b"[-1e999]", "contains a number that is too large"),
        (b"[" + b"9" * 21 + b"]", "contains a number that is too large"),
        (b"[" + b"9" * 60_000 + b"]", "contains a number that is too large"),
        (b"[" * 17 + b"]" * 17, "is nested deeper than 16"),
        (b"[" * 60_000, "is nested deeper than 16"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "is nested deeper than 16"),
        (b"[" * 200_000 + b"]" * 200_000, "is larger than 65536 bytes"),
        (b'"' + b"x" * MAX_DOCUMENT_BYTES + b'"', "is larger than 65536 bytes"),
    ],
)
def test_a_document_that_two_readers_could_understand_differently_is_refused(raw: bytes, expected: str) -> None:
    assert reason(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"{}", b"[]", b"1", b'"x"', b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, b'{"a":"' + b"[{" * 9000 + b'"}', b'["\\"[[[[[[[[[[[[[[[[[[["]',
        b"[" + b"[]," * 200 + b"[]]", b'{"a":1,"A":1}', b"[18446744073709551615]", b"[1.5e300]", '["á"]'.encode(),
    ],
)  # fmt: skip
def test_every_other_document_passes(raw: bytes) -> None:
    check_strict(raw)


@pytest.mark.parametrize("name", ["", "a b", "1a", "a" * 41, "http://h/?x", "a\n", "\x1b[31m", "ä", "a;b"])
def test_a_name_that_a_sender_made_up_is_not_repeated(name: str) -> None:
    assert plain_name(name) == "(unknown field)"
    assert plain_name("image_id") == "image_id"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def depth(value: Any) -> int:
    match value:
        case list():
            return 1 + max(map(depth, value), default=0)
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case _:
            return 0


@given(JSON)
def test_any_value_that_is_not_too_deep_passes(value: Any) -> None:
    raw = json.dumps(value).encode()
    if depth(value) <= MAX_DEPTH:
        check_strict(raw)
    else:
        assert reason(raw).startswith("is nested")


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:0123456789eE.-truefalsn\\ \n', max_size=80).map(str.encode))
def test_any_bytes_pass_or_are_refused_by_name(raw: bytes) -> None:
    try:
        check_strict(raw)
    except NotStrict:
        return
    assert not isinstance(json.loads(raw), float) or math.isfinite(json.loads(raw))


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 1]))
def test_an_array_falls_apart_into_its_items_as_they_were_written(items: list[Any], indent: int | None) -> None:
    assert [json.loads(item) for item in array_items(json.dumps(items, indent=indent).encode())] == items


def test_an_item_keeps_what_only_a_strict_look_can_see() -> None:
    assert array_items(b'[ {"a":1,"a":2} , NaN ]') == [b'{"a":1,"a":2}', b"NaN"]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[", b"[1,]", b"[,1]", b"[1 2]", b"[1]]", b"[1]x", b"[1", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_array_does_not_fall_apart(raw: bytes) -> None:
    with pytest.raises(NotStrict):
        array_items(raw)


@given(st.binary(max_size=80) | st.text(alphabet='[]{}",:019 \n', max_size=40).map(str.encode))
def test_any_bytes_are_an_array_exactly_if_they_are_one(raw: bytes) -> None:
    try:
        expected = json.loads(raw.decode())
    except ValueError:
        expected = None
    if isinstance(expected, list):
        assert len(array_items(raw)) == len(expected)
    else:
        with pytest.raises(NotStrict):
            array_items(raw)
