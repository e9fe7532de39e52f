"""The guard's arithmetic, and what it has recorded."""

import pytest

from bench.contenders.rounds import Figures
from bench.guard.guard import is_slower, recorded_ratio
from bench.turn import Turn


@pytest.mark.parametrize(("ratio", "slower"), [(0.5, False), (1.0, False), (1.14, False), (1.16, True), (2.0, True)])
def test_an_image_is_slower_at_fifteen_percent_above_what_was_recorded(ratio: float, slower: bool) -> None:  # noqa: FBT001 - a column
    assert is_slower(ratio, 1.0) is slower


def test_a_ratio_is_recorded() -> None:
    assert recorded_ratio() > 0


def test_figures_are_medians_over_the_turns() -> None:
    turns = (Turn(1000, 2.0, 1.0), Turn(1000, 4.0, 2.0), Turn(1000, 5.0, 4.0))
    figures = Figures(turns, 100.0)
    assert (figures.per_second, figures.per_cpu_second, figures.cpu_us) == (250.0, 500.0, 2000.0)
