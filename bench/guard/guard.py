"""Whether an image costs more than it did: its CPU beside the bare loop's in the same run, compared with a recorded ratio."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders.rounds import BARE, STRUCTURE, measure_contenders
from bench.figures import spread

ROUNDS: Final = 9
RECORDED: Final = Path(__file__).with_name("recorded.json")
ALLOWED: Final = 1.15
"""A ratio above the recorded one times this is refused."""


def guard(rounds: int = ROUNDS) -> None:
    """Measure, print the ratio, and exit with 1 where an image costs too much more than was recorded."""
    ratios, recorded = measure_ratios(rounds), recorded_ratio()
    print(f"CPU of an image / the bare loop's: {spread(ratios, '.3f')}, {rounds} pairs; recorded {recorded:.3f}")
    if is_slower(median(ratios), recorded):
        sys.exit(f"bench guard: an image costs {median(ratios) / recorded - 1:+.0%} CPU; {ALLOWED - 1:+.0%} is allowed")


def record_guard(rounds: int = ROUNDS) -> None:
    """Measure, and record the ratio as the one that later ones are compared with."""
    ratio = round(median(measure_ratios(rounds)), 3)
    RECORDED.write_text(f"{json.dumps({'cpu_of_an_image_beside_the_bare_loop': ratio})}\n")
    print(f"recorded {ratio:.3f}")


def measure_ratios(rounds: int) -> list[float]:
    """Return microseconds of CPU of an image at level structure divided by the bare loop's, pair by pair."""
    figures = measure_contenders(rounds, (STRUCTURE, BARE))
    pairs = zip(figures[STRUCTURE].turns, figures[BARE].turns, strict=True)
    return [ours.cpu_us / bare.cpu_us for ours, bare in pairs]


def recorded_ratio() -> float:
    """Return what was recorded."""
    return float(json.loads(RECORDED.read_text())["cpu_of_an_image_beside_the_bare_loop"])


def is_slower(ratio: float, recorded: float) -> bool:
    """Return whether the ratio lies above the recorded one by more than is allowed."""
    return ratio > recorded * ALLOWED
