"""How much a sender may ask of a process: a token bucket, which lets a burst through and holds a rate over time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and how many may come at once after a quiet time. An image of a batch counts as one."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a sender has left at a moment (seconds of any clock that never goes back); below 0 it is in debt."""

    left: float
    at: float


def full(rate: Rate, now: float) -> Bucket:
    """Return the bucket of a sender that has asked for nothing yet."""
    return Bucket(rate.burst, now)


def refilled(bucket: Bucket, rate: Rate, now: float) -> Bucket:
    """Return the bucket with what time has added since."""
    return Bucket(min(rate.burst, bucket.left + max(0.0, now - bucket.at) * rate.per_second), max(now, bucket.at))


def take(bucket: Bucket, rate: Rate, now: float, cost: float = 1.0) -> Bucket:
    """Return the bucket after a request of this cost, which may leave a debt: a batch is known only once it is read."""
    filled = refilled(bucket, rate, now)
    return Bucket(filled.left - cost, filled.at)


def seconds_to_wait(bucket: Bucket, rate: Rate, now: float) -> float:
    """Return after how many seconds the next request is admitted, 0 where it is admitted now."""
    left = refilled(bucket, rate, now).left
    return 0.0 if left >= 1 else (1 - left) / rate.per_second
