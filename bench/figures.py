"""How figures of several rounds are shown."""

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float], form: str) -> str:
    """Return the median, and the smallest and the largest in brackets."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
