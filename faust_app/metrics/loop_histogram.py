"""A histogram for the event loop's thread alone: what each event observes several times has to cost next to nothing."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Self

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Series:
    """One series of a histogram: how many values fell into each bucket, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value; a bucket's bound belongs to the bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def time(self) -> "Timing":
        """Return a context that observes the seconds for which it was open."""
        return Timing(self)

    def buckets(self) -> list[tuple[str, float]]:
        """Return the upper bound of each bucket, and how many values are at most that."""
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))

    @property
    def sum(self) -> float:
        """The sum of the values."""
        return self._sum


class Timing:
    """A context that observes the seconds for which it was open."""

    __slots__ = ("_began", "_series")

    def __init__(self, series: Series) -> None:
        self._series = series

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._series.observe(time.perf_counter() - self._began)


class LoopHistogram(Collector):
    """A histogram as Prometheus knows it, with up to one label. Only one thread may observe; any may read it.

    The library's own locks each of two counters and searches the buckets one by one: five times the CPU.
    """

    def __init__(self, name: str, documentation: str, buckets: Sequence[float], *, registry: CollectorRegistry, label: str = "") -> None:
        self.name = name
        self.documentation = documentation
        self._bounds = tuple(buckets)
        self.label = label
        self._series: dict[str, Series] = {} if label else {"": Series(self._bounds)}
        registry.register(self)

    def labels(self, value: str) -> Series:
        """Return the series with this value of the label, a new one where there is none. Raises TypeError without a label."""
        if not self.label:
            raise TypeError(f"{self.name} has no label")
        series = self._series.get(value)
        if series is None:
            series = self._series[value] = Series(self._bounds)
        return series

    @property
    def unlabelled(self) -> Series:
        """The series of a histogram without a label. Raises KeyError where there is one."""
        return self._series[""]

    def describe(self) -> Iterator[Metric]:
        """Yield the family without its series, as a registry asks for at the start."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield the family with its series."""
        family = self._family()
        for value, series in list(self._series.items()):
            family.add_metric([value] if self.label else [], series.buckets(), series.sum)
        yield family

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self.name, self.documentation, labels=[self.label] if self.label else [])
