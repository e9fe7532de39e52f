"""The months the history is partitioned by."""

from faust_app.core.months import months_ahead
from tests.factories import NOW


def test_months_are_kept_ahead_over_the_turn_of_the_year() -> None:
    names = [(month.name, str(month.end)) for month in months_ahead(NOW.date().replace(month=11))]
    assert names == [("m202611", "2026-12-01"), ("m202612", "2027-01-01"), ("m202701", "2027-02-01"), ("m202702", "2027-03-01")]
