"""What waits to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from faust_app.core.results.result import Positioned


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The next results to publish, by position; all up to the position `published` are published."""

    published: int
    rows: Sequence[Positioned]


@dataclass(frozen=True, slots=True)
class ResultsBacklog:
    """How many results wait to be published, and when the oldest of them was decided (UTC), None without any.

    Those that have no position yet are counted up to a limit.
    """

    waiting: int
    oldest: datetime | None
