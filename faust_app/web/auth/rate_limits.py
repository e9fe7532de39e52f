"""Holds each token to its rate in this process, so that one sender cannot take the time of all."""

import math
from collections.abc import Callable

from faust_app.core.operators.access import Sender
from faust_app.core.operators.rate_limit import Bucket, Rate, full, seconds_to_wait, take
from faust_app.metrics import Metrics
from faust_app.web.problems import Problem


class RateLimits:
    """A bucket for each token; people have none. `seconds` is a clock that never goes back."""

    def __init__(self, rate: Rate, metrics: Metrics, *, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._metrics = metrics
        self._seconds = seconds
        self._buckets: dict[str, Bucket] = {}

    def admit(self, sender: Sender) -> None:
        """Count a request. Raises Problem 429, which says when to come back, for a sender that has asked for too much."""
        if sender.is_person:
            return
        now = self._seconds()
        bucket = self._buckets.get(sender.name) or full(self._rate, now)
        if wait := seconds_to_wait(bucket, self._rate, now):
            self._metrics.rate_limited.labels(sender.name).inc()
            seconds = max(1, math.ceil(wait))
            raise Problem(
                429,
                f"{sender.name} asks for more than {self._rate.per_second:g} images a second; send this again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
        self._buckets[sender.name] = take(bucket, self._rate, now)

    def charge(self, sender: Sender, images: int) -> None:
        """Count the images of a batch that was admitted as one request."""
        if not sender.is_person and images > 1:
            now = self._seconds()
            self._buckets[sender.name] = take(self._buckets.get(sender.name) or full(self._rate, now), self._rate, now, images - 1)
