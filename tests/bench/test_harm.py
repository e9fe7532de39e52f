"""The harm that the benchmark of refusals does is the same at every run, and is harm."""

import random

import pytest

from bench.check.harm import HARMS

CONTENT = random.Random(1).randbytes(20_000)


@pytest.mark.parametrize("what", HARMS)
def test_a_file_is_harmed_the_same_way_every_time_and_never_left_whole(what: str) -> None:
    harmed = list(HARMS[what](CONTENT))

    assert harmed == list(HARMS[what](CONTENT))
    assert CONTENT not in harmed
    assert len(set(harmed)) == len(harmed) >= 89


@pytest.mark.parametrize(("what", "bits"), [("a bit flipped", 1), ("16 bits flipped", 16)])
def test_as_many_bits_are_flipped_as_the_name_says(what: str, bits: int) -> None:
    whole = int.from_bytes(CONTENT)

    assert {(int.from_bytes(harmed) ^ whole).bit_count() for harmed in HARMS[what](CONTENT)} == {bits}


def test_what_is_cut_off_is_missing_at_the_end_and_what_lies_in_the_middle_is_missing_there() -> None:
    assert all(CONTENT.startswith(harmed) for harmed in HARMS["cut off"](CONTENT))
    missing = list(HARMS["a tenth missing"](CONTENT))
    assert {len(harmed) for harmed in missing} == {len(CONTENT) * 9 // 10}
    assert all(harmed.endswith(CONTENT[-100:]) for harmed in missing)
