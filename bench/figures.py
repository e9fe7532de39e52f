"""What figures of many measurements come to, and how they are shown."""

from collections.abc import Sequence
from statistics import median, quantiles


def spread(values: Sequence[float], form: str) -> str:
    """Return the median, and the smallest and the largest in brackets."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[-1]


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(values, n=100)[-1]
