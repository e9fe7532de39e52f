"""Which products and versions the services are: for people, nothing is judged by it."""

from collections.abc import Mapping
from typing import Final

from faust_app.core.selfcheck.finding import Finding, ok

_PRODUCE: Final = 0
_FETCH: Final = 1
_RELEASES: Final = (
    ("4.1", _FETCH, 18),
    ("4.0", _PRODUCE, 12),
    ("3.9", _FETCH, 17),
    ("3.8", _PRODUCE, 11),
    ("3.7", _FETCH, 16),
    ("3.5", _FETCH, 15),
    ("3.1", _FETCH, 13),
    ("2.7", _FETCH, 12),
)
"""Releases of Kafka, newest first, each with the version of Produce or Fetch that it was the first to speak.

Fetch: `MetadataVersion.fetchRequestVersion` of Kafka's sources. Produce: KIP-890, and the version notes in `ProduceRequest.json`.
"""


def kafka_protocol(versions: Mapping[int, int]) -> str:
    """Return the newest release of Kafka whose protocol a broker speaks; `versions` is its newest version of each kind of request.

    A broker does not tell its own release. One that is newer than the newest known here counts as that one.
    """
    for release, request, version in _RELEASES:
        if versions.get(request, -1) >= version:
            return release
    return f"older than {_RELEASES[-1][0]}"


def tell_kafka(versions: Mapping[int, int]) -> Finding:
    """Return the line of Kafka's version."""
    release = kafka_protocol(versions)
    newest = release == _RELEASES[0][0]
    return ok("Kafka", f"speaks the protocol of Kafka {release}{' or newer' if newest else ''}")


def tell_storage(product: str) -> Finding:
    """Return the line of storage's product, which is empty where storage names none."""
    return ok("storage", product or "does not name its product")
