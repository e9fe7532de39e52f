"""Shows the connections of an aiohttp pool, which has no public counts of them."""

import aiohttp

from faust_app.metrics import Metrics


def watch_connector(metrics: Metrics, pool: str, connector: aiohttp.BaseConnector) -> None:
    """Show the connections in use and idle, and who waits for one, whenever metrics are read."""
    metrics.watch_pool(
        pool,
        connector.limit,
        in_use=lambda: len(connector._acquired),  # noqa: SLF001 - its tracing hooks would cost every request
        idle=lambda: sum(map(len, connector._conns.values())),  # noqa: SLF001 - as above
        waiting=lambda: sum(map(len, connector._waiters.values())),  # noqa: SLF001 - as above
    )
