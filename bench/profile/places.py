"""To which part of a worker a sampled stack belongs: decided from its innermost frame outwards, by the first that a rule knows.

Everything under a periodic task counts as one part; publishing results and due events are such tasks.
"""

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Place(StrEnum):
    """Where an image's CPU goes."""

    FETCH = "fetch from the source"
    PUT = "PUT to the object storage"
    MYSQL = "database"
    FLOWS = "own flows and decisions"
    FAUST = "Faust and aiokafka"
    LOOP = "uvloop and asyncio"
    CHECK = "image check, in the worker"
    CHILDREN = "image check, in its children"
    SHA256 = "SHA-256"
    METRICS = "metrics"
    PARSE = "parse and validate events"
    PERIODIC = "periodic tasks, with results"
    COLLECTOR = "garbage collector"
    REST = "rest"


_RULES: Final = tuple(
    (place, re.compile(pattern))
    for place, pattern in (
        (Place.SHA256, r"^_digested \(faust_app/flows/images/transfer"),
        (Place.PARSE, r"\(pydantic/|\(faust_app/core/messages/|^Executor\.read "),
        (Place.METRICS, r"\(prometheus_client/|\(faust_app/metrics"),
        (Place.CHECK, r"\(faust_app/adapters/image_check/"),
        (Place.PUT, r"\(faust_app/adapters/s3/|botocore/"),
        (Place.FETCH, r"\(faust_app/adapters/http/"),
        (Place.MYSQL, r"\(aiomysql/|\(pymysql/|\(faust_app/adapters/mariadb/|\(faust_app/flows/group_commit"),
        # A request's body has a task of its own, and only a PUT has one; what arrives through aiohttp is the source's.
        (Place.PUT, r"^ClientRequest\.(write_bytes|_write_bytes)|^StreamWriter\._?write.* \(aiohttp/"),
        (Place.FETCH, r"^ResponseHandler\.data_received|^HttpParser|^StreamReader\.feed_data \(aiohttp/"),
        (Place.MYSQL, r"^StreamReaderProtocol\.data_received \(asyncio/"),
        # What every stack begins with says nothing about it.
        (Place.LOOP, r"\(mode/(worker|threads|loop)|\(faust/(cli|__main__)"),
        (Place.FAUST, r"\(faust/|\(mode/|\(aiokafka/|\(kafka/|\(faust_app/adapters/kafka/"),
        (Place.FLOWS, r"\(faust_app/"),
    )
)
_PERIODIC: Final = "Periodic._run (faust_app/stream/periodic"
_TORN_ALLOWED: Final = 50
"""One line in so many may be torn."""
_LIBRARY: Final = re.compile(r"\((asyncio/|threading\.py|concurrent/|selectors\.py)")


def place_of(stack: str) -> Place:
    """Return the part that a stack belongs to; its frames are separated by `;`, the outermost first."""
    if _PERIODIC in stack:
        return Place.PERIODIC
    for frame in reversed(stack.split(";")):
        for place, pattern in _RULES:
            if pattern.search(frame):
                return place
    return Place.LOOP if _LIBRARY.search(stack) else Place.REST


def shares_of(lines: Iterable[str]) -> dict[Place, float]:
    """Return each part's share of the samples, from lines of a stack, a blank and its count; a stack that was torn has none.

    Raises ValueError where more than one line in fifty is torn, or none is left.
    """
    counts = Counter[Place]()
    read = torn = 0
    for line in lines:
        read += 1
        stack, _, count = line.rpartition(" ")
        if count.isdecimal():
            counts[place_of(stack)] += int(count)
        else:
            torn += 1
    if torn * _TORN_ALLOWED > read or not counts:
        raise ValueError(f"{torn} of {read} sampled stacks are torn: the shares would say nothing")
    total = sum(counts.values())
    return {place: count / total for place, count in counts.items()}


def microseconds(shares: dict[Place, float], *, own: float, collector: float, children: float) -> dict[Place, float]:
    """Return the microseconds of each part, which add up to `own` and `children`.

    `own` are those of the worker itself, of which `collector` are spent in the garbage collector, wherever it interrupted: they are taken
    off the parts in proportion.
    """
    parts = {place: share * (own - collector) for place, share in shares.items()}
    return {**parts, Place.COLLECTOR: collector, Place.CHILDREN: children}
