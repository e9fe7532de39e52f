"""The geometry of a chart: everything lies inside, a scale is round and has room, and what is not known has no bar."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.statistics.periods import Granularity
from faust_app.web.reports.figures.chart import NARROW, WIDE, Axis, Size, Value, draw, scale

FIRST = date(2025, 3, 1)
AXIS = Axis(str, str, lambda day: f"{day:%Y-%m}")
NUMBERS = st.none() | st.integers(-(10**12), 10**15)


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (0, 0, [0, 1]), (0, 1, [0, 1]), (0, 3, [0, 1, 2, 3]), (0, 4, [0, 1, 2, 3, 4]), (0, 8, [0, 2, 4, 6, 8]),
        (7, 190, [0, 50, 100, 150, 200]),
        (0, 1200, [0, 250, 500, 750, 1000, 1250]), (-30, 90, [-50, -25, 0, 25, 50, 75, 100]), (-8, -2, [-8, -6, -4, -2, 0]),
    ],
)  # fmt: skip
def test_a_scale_is_round_and_has_zero(lowest: int, highest: int, expected: list[int]) -> None:
    assert scale(lowest, highest, 5) == expected


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**15), st.sampled_from([4, 5]))
def test_a_scale_holds_every_value_in_few_steps(lowest: int, more: int, ticks: int) -> None:
    steps = scale(lowest, lowest + more, ticks)
    assert steps[0] <= min(lowest, 0)
    assert steps[-1] >= max(lowest + more, 0)
    assert 0 in steps
    assert len({later - step for step, later in itertools.pairwise(steps)}) == 1
    assert 2 <= len(steps) <= ticks + 3


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, st.booleans()), min_size=1, max_size=400),
    st.sampled_from([WIDE, NARROW]),
    st.sampled_from(Granularity),
)
def test_everything_lies_inside_and_only_what_is_known_has_a_bar(
    given_values: list[tuple[int | None, int | None, bool]], size: Size, by: Granularity
) -> None:
    values = [Value(FIRST + timedelta(days=n), f"day {n}", *each) for n, each in enumerate(given_values)]
    chart = draw(values, by, AXIS, size)
    assert len(chart.gaps) == sum(value.value is None for value in values)
    assert len(chart.whole) == sum(value.value is not None and value.is_whole for value in values)
    assert len(chart.whole) + len(chart.partial) + len(chart.gaps) == len(values)
    for bar in (*chart.whole, *chart.partial, *chart.gaps):
        assert size.left - 0.1 <= bar.x <= bar.x + bar.width <= size.width - size.right + 0.3
        assert size.top - 0.1 <= bar.y <= bar.y + bar.height <= size.height - size.bottom + 0.2
        assert bar.height >= 0
    assert chart.before.count("M") == sum(value.before is not None for value in values)
    assert len(chart.labels) <= size.labels
    assert all(0 <= label.at <= size.width for label in chart.labels)


def test_thirteen_months_by_day_are_named_by_month_and_a_few_days_by_day() -> None:
    many = [Value(FIRST + timedelta(days=n), "", n) for n in range(396)]
    assert [label.text for label in draw(many, Granularity.DAY, AXIS, WIDE).labels] == [
        "2025-03", "2025-05", "2025-07", "2025-09", "2025-11", "2026-01", "2026-03",
    ]  # fmt: skip
    assert [label.text for label in draw(many[:3], Granularity.DAY, AXIS, NARROW).labels] == ["2025-03-01", "2025-03-02", "2025-03-03"]
