"""How failed log-ins slow down whoever caused them, and nobody else.

Failures are counted for each pair of a name and the network they came from. Whoever guesses the password of an account
waits; its owner, who comes from another network, does not.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

FREE: Final = 4
"""Failures that cost no wait: a person who mistypes."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN: Final = timedelta(hours=1)
"""Without a failure for this long the count starts anew."""
BUCKETS: Final = 1024
_V6_NETWORK: Final = 64
_REMOTE_LENGTH: Final = 45


@dataclass(frozen=True, slots=True)
class FailedLogIns:
    """The failed log-ins of one bucket from one network."""

    failures: int
    failed_at: datetime


def wait_after(failures: int) -> timedelta:
    """Return how long the next log-in has to wait after so many failures: nothing at first, then doubling up to a bound."""
    if failures <= FREE:
        return timedelta(0)
    doublings = min(failures - FREE - 1, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def seconds_to_wait(failed: FailedLogIns | None, now: datetime) -> float:
    """Return for how many seconds no log-in is tried; 0 if it may be tried now."""
    if failed is None or now - failed.failed_at >= FORGOTTEN:
        return 0.0
    return max(0.0, (failed.failed_at + wait_after(failed.failures) - now).total_seconds())


def failures_now(failed: FailedLogIns | None, now: datetime) -> int:
    """Return the count that one more failure makes."""
    return 1 if failed is None or now - failed.failed_at >= FORGOTTEN else failed.failures + 1


def bucket_of(name: str) -> int:
    """Return the bucket that a name's failures are counted in.

    Names come from strangers: counting in buckets bounds the rows that one network can cause, and treats names with and
    without an account alike, so that nobody learns which ones exist.
    """
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:2]) % BUCKETS


def network_of(remote: str | None) -> str:
    """Return what failures are counted by: the address, or the /64 of an IPv6 one, within which a host has any it likes."""
    try:
        address = ip_address(remote or "")
    except ValueError:
        return (remote or "unknown")[:_REMOTE_LENGTH]
    if address.version == 6 and address.ipv4_mapped is not None:  # noqa: PLR2004 - the protocol's number
        return str(address.ipv4_mapped)
    return str(address) if address.version == 4 else str(ip_network((address, _V6_NETWORK), strict=False))  # noqa: PLR2004 - as above
