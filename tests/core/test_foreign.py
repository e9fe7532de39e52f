"""A stranger's text, whatever is in it, before it goes into a row, a header, a log line or an alert."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable
from faust_app.core.foreign import MAX_DETAIL, one_line, plain_ascii
from faust_app.core.images.dead_letter import dead_letter
from faust_app.core.sources.response import validators
from tests.factories import NOW, make_record

FOREIGN = st.text(st.characters(codec=None, exclude_categories=()), max_size=1500) | st.binary(max_size=600).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
"""Any text, that of undecodable header bytes too."""


@given(FOREIGN)
def test_foreign_text_becomes_one_printable_line_of_valid_unicode(text: str) -> None:
    shown = one_line(text)
    assert shown.isprintable()
    assert len(shown) <= MAX_DETAIL
    assert one_line(shown) == shown
    shown.encode()


@given(FOREIGN)
def test_a_failure_of_any_class_tells_foreign_text_as_one_line(text: str) -> None:
    failures: list[Failure] = [
        Permanent(FailureCode.IMAGE_BROKEN, text),
        Transient(FailureCode.SOURCE_ERROR, text),
        Unavailable(Dependency.STORAGE, text),
    ]
    for failure in failures:
        assert failure.detail.isprintable()
        assert str(failure).isprintable()
        assert len(failure.detail) <= MAX_DETAIL


@given(FOREIGN)
def test_headers_of_a_dead_letter_take_any_detail(text: str) -> None:
    letter = dead_letter(
        make_record(b"{}"), topic="dead", group="g", code=FailureCode.UNPARSEABLE, detail=text, at=NOW, exception="shop_images.x"
    )
    assert dict(letter.headers)["kafka_dlt-exception-message"].decode().isprintable()


@pytest.mark.parametrize("sign", ["?", "#"])
def test_a_signature_in_an_address_is_in_no_detail(sign: str) -> None:
    assert Permanent(FailureCode.BAD_ADDRESS, f"see https://h/a{sign}sig=s3cr3t").detail == "see https://h/a?..."


@given(FOREIGN, FOREIGN)
def test_only_validators_that_a_row_and_a_header_take_are_kept(etag: str, modified: str) -> None:
    kept = validators({"ETag": f'"{etag}"', "Last-Modified": modified, "Date": "Tue, 02 Jan 2024 03:04:05 GMT"})
    for text, limit in ((kept.etag, 512), (kept.modified, 40)):
        assert text is None or (text.isascii() and text.isprintable() and len(text) <= limit)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('"a"', True),
        ('"\u00e4"', False),
        ('"\udcff"', False),
        ('"a\tb"', False),
        ('"a\x7f"', False),
        ("", False),
        ("x" * 20, True),
        ("x" * 21, False),
    ],
)
def test_plain_ascii_is_printable_and_short(text: str, kept: bool) -> None:  # noqa: FBT001 - a table
    assert plain_ascii(text, 20) == (text if kept else None)
