"""What is kept of a record that nobody could read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.messages.record import Record, sender_of
from faust_app.core.messages.rejection import SHOWN_BYTES, EntryPoint, RejectedRecord, Rejection, rejected_record


def rejected(value: bytes | None, sender: str | None = None) -> Rejection:
    return rejected_record(Record("p.requests", 1, 5, 0, None, value, sender), "why", EntryPoint.REQUESTS)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b'{"shop_no":7,"image_id":"a","nonsense":1}', (7, "a")), (b'{"shop_no":7}', (7, None)), (b'{"image_id":"a"}', (None, "a")),
        (b'{"shop_no":"7","image_id":5}', (None, None)), (b'{"shop_no":true}', (None, None)), (b'{"shop_no":0}', (None, None)),
        (b'{"shop_no":9007199254740992}', (None, None)), (b"[]", (None, None)), (b"", (None, None)), (b"\xff", (None, None)),
        (json.dumps({"image_id": "x" * 65}).encode(), (None, None)), (b'{"image_id":"\\ud800"}', (None, None)),
        (b'{"image_id":"a\\u0000b"}', (None, None)), (b"[" * 100_000, (None, None)),
    ],
)  # fmt: skip
def test_shop_and_image_are_named_as_far_as_they_can_be_read(value: bytes, names: tuple[int | None, str | None]) -> None:
    kept = rejected(value)
    assert (kept.shop_no, kept.image_id) == names


def test_the_beginning_of_a_record_is_kept_with_its_size() -> None:
    assert rejected(b"x" * 5000).place == RejectedRecord("p.requests", 1, 5, 5000, b"x" * SHOWN_BYTES)
    assert rejected(None).place == RejectedRecord("p.requests", 1, 5, 0, b"")


@given(st.binary(max_size=200), st.one_of(st.none(), st.text()))
def test_whatever_is_sent_can_be_kept(value: bytes, sender: str | None) -> None:
    kept = rejected(value, sender)
    assert kept.sender is None or (kept.sender.isprintable() and len(kept.sender) <= 120)


@pytest.mark.parametrize(
    ("headers", "sender"),
    [([], None), ([("sender", b"")], None), ([("other", b"x"), ("sender", b"erp-1")], "erp-1"), ([("sender", b"\xff")], "\ufffd")],
)
def test_the_sender_is_what_its_header_says(headers: list[tuple[str, bytes]], sender: str | None) -> None:
    assert sender_of(headers) == sender
