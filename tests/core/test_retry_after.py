"""How long a server asks us to wait, however it says so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.retry_after import MAX_RETRY_AFTER, http_date, retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IN_A_MINUTE = format_datetime(NOW + timedelta(minutes=1), usegmt=True)


@pytest.mark.parametrize(
    ("text", "answered", "seconds"),
    [
        (None, None, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("1.5", None, None),
        ("٣", None, None),  # a digit of another script
        ("0", None, 0.0),
        (" 120 ", None, 120.0),
        ("3601", None, MAX_RETRY_AFTER),
        ("9" * 5000, None, MAX_RETRY_AFTER),
        (IN_A_MINUTE, None, 60.0),
        (IN_A_MINUTE, format_datetime(NOW + timedelta(seconds=50), usegmt=True), 10.0),  # by the server's own clock
        (IN_A_MINUTE, "no date", 60.0),
        (format_datetime(NOW - timedelta(minutes=1), usegmt=True), None, 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), None, MAX_RETRY_AFTER),
        ("Sun, 01 Mar 2026 12:01:00", None, 60.0),  # without a zone it is UTC
    ],
)
def test_a_wait_is_read_from_seconds_or_a_date_and_bounded(text: str | None, answered: str | None, seconds: float | None) -> None:
    assert retry_after(text, answered=answered, now=NOW) == seconds


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_server_sends_is_no_wait_or_a_bounded_one(text: str, answered: str) -> None:
    wait = retry_after(text, answered=answered, now=NOW)
    assert wait is None or 0.0 <= wait <= MAX_RETRY_AFTER


def test_a_date_has_a_zone() -> None:
    assert http_date("Sun, 01 Mar 2026 12:00:00 GMT") == NOW
    assert http_date(None) is None
