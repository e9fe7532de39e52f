"""Growth a day is told from two sizes and the time between them."""

from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.maintenance.growth import TableSize, growth, sizes_json
from faust_app.core.maintenance.jobs import FinishedRun
from tests.factories import NOW

DAY = timedelta(days=1)
SIZES = [TableSize("alert", 100, 1_000), TableSize("image_history", 5_000, 500_000, newest=9_000), TableSize("image", 0, 16_384)]


def run(result: dict[str, Any], ago: timedelta = DAY) -> FinishedRun:
    return FinishedRun((NOW - ago).date(), NOW - ago, result)


def grown(before: FinishedRun | None) -> list[tuple[int | None, int | None]]:
    return [(table.rows_a_day, table.bytes_a_day) for table in growth(SIZES, NOW, before)]


def test_growth_is_a_days_share_of_what_was_added_since() -> None:
    before = [TableSize("alert", 80, 800), TableSize("image_history", 5_000, 1, newest=7_000), TableSize("image", 3, 1)]
    assert grown(run({"tables": sizes_json(before)})) == [(20, 200), (2_000, 200_000), (-3, 0)]
    assert grown(run({"tables": sizes_json(before)}, DAY / 2)) == [(40, 400), (4_000, 400_000), (-6, 0)]


@pytest.mark.parametrize("result", [{}, {"tables": 7}, {"tables": {"alert": {}, "image_history": {"rows": 1}, "image": {"rows": None}}}])
def test_without_something_to_compare_with_there_is_no_growth(result: dict[str, Any]) -> None:
    assert grown(None) == grown(run(result)) == [(None, None)] * 3
    assert grown(run({"tables": sizes_json(SIZES)}, timedelta(0))) == [(None, None)] * 3


def test_a_table_that_nobody_gave_a_limit_is_kept_for_ever_and_says_so() -> None:
    assert [table.kept for table in growth([TableSize("alert", 1, 1), TableSize("news", 1, 1)], NOW, None)] == [
        "90 days after closing",
        "for ever",
    ]
