"""Times as text are read back as they were."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.iso_time import from_iso_time, iso_time


@given(st.datetimes())
def test_a_time_is_read_back_as_it_was_written(at: datetime) -> None:
    assert from_iso_time(iso_time(at)) == from_iso_time(iso_time(at, "microseconds")) == at
    assert from_iso_time(iso_time(at, "seconds")) == at.replace(microsecond=0)


def test_a_time_ends_with_the_letter_of_utc() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 5)  # noqa: DTZ001 - UTC without a zone
    assert (iso_time(at), iso_time(at, "seconds")) == ("2026-03-01T12:00:00.000005Z", "2026-03-01T12:00:00Z")
