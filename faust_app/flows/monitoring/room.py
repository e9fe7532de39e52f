"""Samples what runs out unnoticed: the database's disk, and the time that Kafka keeps dead letters."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from faust_app.flows.ports.monitoring import RecordAges, TableBytes
from faust_app.metrics import Metrics

EXPIRING_WITHIN: Final = timedelta(days=3)
"""Dead letters that Kafka deletes within this time are counted: a weekend, and a working day."""


class WatchRoom:
    """Samples in every process by itself; both passes read only. `now` is the brokers' time of day (UTC without a zone)."""

    def __init__(
        self, tables: TableBytes, dead_letters: RecordAges, metrics: Metrics, *, kept: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._tables = tables
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._kept = kept
        self._now = now

    async def measure_tables(self) -> None:
        """Sample the size of every table. Raises Unavailable."""
        for table, size in (await self._tables.table_bytes()).items():
            self._metrics.table_bytes.labels(table).set(size)

    async def count_expiring(self) -> None:
        """Count the dead letters that Kafka deletes soon. Raises Unavailable."""
        before = self._now() - self._kept + EXPIRING_WITHIN
        self._metrics.dead_letters_expiring.set(await self._dead_letters.appended_before(before))
