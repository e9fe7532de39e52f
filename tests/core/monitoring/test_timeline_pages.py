"""Pages of a timeline, by time."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.monitoring.timeline import Happened, Happening, page_of
from tests.factories import NOW

LIMIT = 4


@given(st.lists(st.integers(0, 8), max_size=30).filter(lambda ages: all(ages.count(age) <= LIMIT for age in ages)))
def test_pages_tell_everything_once_and_in_order(ages: list[int]) -> None:
    happened = [Happening(NOW - timedelta(microseconds=age), Happened.JOB, str(n)) for n, age in enumerate(sorted(ages))]
    told: list[Happening] = []
    until: datetime | None = NOW
    while until is not None:
        page, until = page_of([each for each in happened if each.at <= until][: LIMIT + 1], LIMIT)
        assert len(page) <= LIMIT
        told += page
    assert told == happened


def test_more_of_one_moment_than_fits_a_page_does_not_hold_up_the_rest() -> None:
    crowd = [Happening(NOW, Happened.JOB, str(number)) for number in range(LIMIT + 1)]
    page, until = page_of(crowd, LIMIT)
    assert (page, until) == (crowd[:LIMIT], NOW - timedelta(microseconds=1))
