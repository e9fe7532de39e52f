"""How long images of a source took."""

from dataclasses import dataclass
from typing import Final

SAMPLED: Final = 20_000
"""Newest images whose times are looked at: enough for the sources that are busy now, and never a whole day of a large platform."""


@dataclass(frozen=True, slots=True)
class SlowSource:
    """A host with the images that were done in some days: how many, and their time from request to done in milliseconds."""

    host: str
    images: int
    average_ms: int
    longest_ms: int
