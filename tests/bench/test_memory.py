"""The growth of a worker's memory, from samples by tenths of the images."""

from collections.abc import Mapping, Sequence

import pytest

from bench.worker.memory import Growth, growth_of


@pytest.mark.parametrize(
    ("tenths", "growth"),
    [
        ({number: [100.0 + number] for number in range(1, 11)}, Growth(2, 10, 8.0)),
        ({1: [90.0], 2: [100.0, 101.0, 300.0], 10: [99.0, 103.0, 104.0]}, Growth(2, 10, 2.0)),
        ({1: [90.0], 4: [100.0], 7: [98.0]}, Growth(4, 7, -2.0)),
        ({7: [98.0], 4: [100.0]}, Growth(4, 7, -2.0)),
        ({1: [90.0], 10: [100.0]}, None),
        ({1: [90.0]}, None),
        ({}, None),
    ],
)
def test_growth_is_from_the_earliest_tenth_behind_the_first_to_the_latest(
    tenths: Mapping[int, Sequence[float]], growth: Growth | None
) -> None:
    assert growth_of(tenths) == growth
