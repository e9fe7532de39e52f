"""Harm done to a picture by rule: the same seed does the same harm."""

import random
from collections.abc import Callable, Iterator
from typing import Final

PLACES: Final = range(1, 100)
"""Percents of a file's length at which it is harmed; each is a seed as well."""
_RUN: Final = 200
"""A run of zeros is so small a part of the file."""

Harm = Callable[[bytes], Iterator[bytes]]


def cut(content: bytes) -> Iterator[bytes]:
    """Yield the first 1 to 99 % of the file: a transfer that broke off."""
    for percent in PLACES:
        yield content[: len(content) * percent // 100]


def without_middle(content: bytes) -> Iterator[bytes]:
    """Yield the file without a tenth at 1 to 89 % of it: its beginning and its end are there."""
    for percent in PLACES[:-10]:
        yield content[: len(content) * percent // 100] + content[len(content) * (percent + 10) // 100 :]


def with_bits_flipped(count: int) -> Harm:
    """Return what flips so many bits anywhere in the file, by 99 seeds."""

    def flipped(content: bytes) -> Iterator[bytes]:
        for seed in PLACES:
            harmed = bytearray(content)
            for bit in random.Random(seed).sample(range(8 * len(content)), count):  # noqa: S311 - harm, not secrets
                harmed[bit // 8] ^= 1 << bit % 8
            yield bytes(harmed)

    return flipped


def with_zeros(content: bytes) -> Iterator[bytes]:
    """Yield the file with a 200th of it zeroed at 1 to 99 %: a block that was never written."""
    for percent in PLACES:
        at, run = len(content) * percent // 100, max(len(content) // _RUN, 1)
        yield (content[:at] + bytes(run) + content[at + run :])[: len(content)]


HARMS: Final[dict[str, Harm]] = {
    "cut off": cut,
    "a tenth missing": without_middle,
    "a bit flipped": with_bits_flipped(1),
    "16 bits flipped": with_bits_flipped(16),
    "a run of zeros": with_zeros,
}
