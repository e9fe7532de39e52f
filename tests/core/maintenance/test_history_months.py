"""The months the history is partitioned by."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.maintenance.retention import HISTORY_MONTHS, months_ahead, months_missing, months_over
from tests.factories import NOW


def test_months_are_kept_ahead_over_the_turn_of_the_year() -> None:
    names = [(month.name, str(month.end)) for month in months_ahead(NOW.date().replace(month=11))]
    assert names == [("m202611", "2026-12-01"), ("m202612", "2027-01-01"), ("m202701", "2027-02-01"), ("m202702", "2027-03-01")]


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ([], ["m202611", "m202612", "m202701", "m202702"]),
        (["later"], ["m202611", "m202612", "m202701", "m202702"]),
        (["m202609", "m202611", "m202612", "later"], ["m202701", "m202702"]),
        (["m202611", "m202612", "m202701", "m202702", "later"], []),
        (["m202612", "later"], ["m202701", "m202702"]),  # a clock that ran ahead left one out: its rows are in the next
        (["m203001", "later"], []),
    ],
)
def test_months_are_added_behind_the_newest_only(names: list[str], missing: list[str]) -> None:
    assert [month.name for month in months_missing(names, date(2026, 11, 30))] == missing


@pytest.mark.parametrize(
    ("today", "over"),
    [
        ("2026-03-31", []),
        ("2026-04-01", ["m202412"]),  # it ended at the turn of the year, fifteen months ago
        ("2026-05-31", ["m202412", "m202501"]),
        ("2036-01-01", ["m202412", "m202501", "m202502"]),
    ],
)
def test_a_month_is_over_when_it_ended_fifteen_months_ago(today: str, over: list[str]) -> None:
    names = ["m202502", "m202412", "m202501", "later", "m202513", "m2024", "x202401"]
    assert months_over(names, date.fromisoformat(today), HISTORY_MONTHS) == over


@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_of_the_months_that_are_made_none_is_over_before_its_time(today: date, keep: int) -> None:
    (this, *_) = months_ahead(today)
    later = date(today.year + (today.month + keep) // 12, (today.month + keep) % 12 + 1, 1)
    before = date(later.year - (later.month == 1), (later.month - 2) % 12 + 1, 28)
    assert months_over([this.name], later, keep) == [this.name]
    assert months_over([this.name], before, keep) == []
