"""What all workers know of the sources. Every method raises Unavailable when the database does not do its part."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from faust_app.core.sources.health import DecideSources, Source, SourceRecord
from faust_app.core.statistics.slow_source import SlowSource

R = TypeVar("R")


class SourceRecords(Protocol):
    """The records of hosts and of their shops."""

    async def load(self) -> list[SourceRecord]:
        """Return the hosts that answered last, newest last, and every record that fails or is waited for."""
        ...

    async def changed_since(self, since: datetime) -> list[SourceRecord]:
        """Return the records written since then."""
        ...

    async def change(self, hosts: Collection[str], decide: DecideSources[R]) -> R:
        """Lock all records of the hosts, ask `decide`, write what it says, and return its result after COMMIT."""
        ...

    async def answering(self, shop_no: int) -> SourceRecord | None:
        """Return the record of the host that answered last, and for this shop, with the mean time of its answers; None without one."""
        ...

    async def of(self, source: Source) -> list[SourceRecord]:
        """Return the records of one source: the host's and the shop's, where there are any."""
        ...


class SlowSources(Protocol):
    """How long the images of each source take."""

    async def slowest(self, since: datetime, *, at_least: int, limit: int) -> Sequence[SlowSource]:
        """Return the hosts whose images took longest on average, of those with `at_least` images; the slowest first.

        Looks at the newest SAMPLED images that were done since then (UTC). Raises Unavailable.
        """
        ...
