"""What the outside systems do to a process: breakers, connections, refusals, and the size of the database."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from faust_app.metrics.events import STEP_SECONDS
from faust_app.metrics.loop_histogram import LoopHistogram


class DependencyMetrics:
    """Watches database, storage, Kafka and sources as this process sees them."""

    def _add_dependencies(self, registry: CollectorRegistry) -> None:
        self.waits = Counter(
            "shop_images_waits", "Times an event waited for an unavailable dependency.", ("dependency",), registry=registry
        )
        self.breaker_open = Gauge(
            "shop_images_breaker_open",
            "1 while the dependency's circuit breaker is open and no event starts.",
            ("dependency",),
            registry=registry,
        )
        self.pool_connections = Gauge(
            "shop_images_pool_connections",
            "Connections of a pool (database, sources, storage) by state: in_use, idle; waiting counts who waits for one.",
            ("pool", "state"),
            registry=registry,
        )
        self.pool_limit = Gauge("shop_images_pool_limit", "Connections a pool opens at most.", ("pool",), registry=registry)
        self.transaction_seconds = LoopHistogram(
            "shop_images_transaction_seconds",
            "Seconds of a database transaction with its reruns, the wait for a connection included.",
            STEP_SECONDS,
            registry=registry,
        )
        self.transaction_reruns = Counter(
            "shop_images_transaction_reruns", "Transactions run again after a deadlock or a lock wait.", registry=registry
        )
        self.storage_errors = Counter(
            "shop_images_storage_errors", "Requests that storage failed or refused, by operation of S3.", ("operation",), registry=registry
        )
        self.table_bytes = Gauge(
            "shop_images_table_bytes", "Bytes of a table and its indexes as the database estimates them.", ("table",), registry=registry
        )
        self.database_disk_bytes = Gauge(
            "shop_images_database_disk_bytes",
            "Size of the database's disk by `DATABASE_DISK_BYTES`; 0: not known.",
            registry=registry,
        )
        self.credential_expires = Gauge(
            "shop_images_credential_expires_timestamp_seconds",
            "When a token or certificate ends, in seconds since 1970; one without an end is not listed.",
            ("credential",),
            registry=registry,
        )

    def watch_pool(self, pool: str, limit: int, *, in_use: Callable[[], int], idle: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Show a pool of connections: the functions are called when metrics are read, so that nothing is counted in between."""
        self.pool_limit.labels(pool).set(limit)
        for state, read in {"in_use": in_use, "idle": idle, "waiting": waiting}.items():
            self.pool_connections.labels(pool, state).set_function(read)
