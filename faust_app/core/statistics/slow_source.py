"""How long images of a source took."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlowSource:
    """A host with the images that were done in some days: how many, and their time from request to done in milliseconds."""

    host: str
    images: int
    average_ms: int
    longest_ms: int
