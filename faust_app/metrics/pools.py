"""Shows the connections of pools whenever metrics are read: nothing is counted in between."""

from dataclasses import dataclass
from typing import Protocol

import aiohttp

from faust_app.metrics import Metrics


class Pool(Protocol):
    """What a pool tells of its connections: how many it opens at most, how many carry a request or none, and who waits for one."""

    @property
    def limit(self) -> int: ...  # noqa: D102 - as above
    @property
    def in_use(self) -> int: ...  # noqa: D102 - as above
    @property
    def idle(self) -> int: ...  # noqa: D102 - as above
    @property
    def waiting(self) -> int: ...  # noqa: D102 - as above


def watch_pool(metrics: Metrics, name: str, pool: Pool) -> None:
    """Show the connections of a pool under this name."""
    metrics.pool_limit.labels(name).set(pool.limit)
    shown = metrics.pool_connections
    shown.labels(name, "in_use").set_function(lambda: pool.in_use)
    shown.labels(name, "idle").set_function(lambda: pool.idle)
    shown.labels(name, "waiting").set_function(lambda: pool.waiting)


@dataclass(frozen=True, slots=True)
class ConnectorPool:
    """The pool of an aiohttp connector, which has no public counts; its tracing hooks would cost every request."""

    connector: aiohttp.BaseConnector

    @property
    def limit(self) -> int:
        """How many connections it opens at most."""
        return self.connector.limit

    @property
    def in_use(self) -> int:
        """Number of connections that carry a request."""
        return len(self.connector._acquired)  # noqa: SLF001 - as above

    @property
    def idle(self) -> int:
        """Number of open connections without a request."""
        return sum(map(len, self.connector._conns.values()))  # noqa: SLF001 - as above

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a connection."""
        return sum(map(len, self.connector._waiters.values()))  # noqa: SLF001 - as above
