"""Reads the topic `requests` in order; its offsets are kept in the database, written in the transaction of the rows."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from mode import Service

from faust_app.core.failure import Unavailable
from faust_app.core.messages.record import Record, sender_of
from faust_app.flows.images.consume_requests import TakeRequests

log = structlog.get_logger()

BATCH: Final = 500
"""Records of a round."""
BATCH_BESIDE_EVENTS: Final = 100
"""Records of a round while images are transferred, each step of which waits for the loop."""
TRY_AGAIN: Final = 1.0
"""Seconds before the next attempt while a dependency is unavailable."""
_LONGEST_PAUSE: Final = 1.0


class RequestsReader(Service):
    """A consumer in a group of its own: one batch per partition at a time, from the database's offset on assignment.

    Not a Faust agent, which can neither seek on assignment nor commit a batch with its transaction safely.

    While `is_busy` (events are executed), it rests after each round for as long as the round took: a burst of requests may have
    half of this process, not all of it.
    """

    def __init__(
        self,
        take: TakeRequests,
        *,
        kafka: Mapping[str, Any],
        topic: str,
        group: str,
        session_timeout: float,
        is_busy: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._is_busy = is_busy
        self._take = take
        self._topic = topic
        self._consumer_settings = {
            **kafka,
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "session_timeout_ms": int(session_timeout * 1000),
            "heartbeat_interval_ms": int(session_timeout * 1000 / 4),
        }
        self._placed: set[TopicPartition] = set()
        self.progress_count = 0
        """Progress count: attempts to take a batch, also while a dependency is unavailable."""

    @property
    def placed(self) -> set[tuple[str, int]]:
        """The partitions read by this worker."""
        return {(tp.topic, tp.partition) for tp in self._placed}

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop:
            consumer = AIOKafkaConsumer(**self._consumer_settings)
            try:
                await consumer.start()
                consumer.subscribe([self._topic], listener=_Unplace(self._placed))
                await self._read(consumer)
            except KafkaError as error:
                log.warning("requests cannot be read; retrying", reason=type(error).__name__)
            except Exception:
                log.exception("requests reader failed unexpectedly; restarting it")
            finally:
                self._placed.clear()
                await consumer.stop()
            await self.sleep(TRY_AGAIN)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while not self.should_stop:
            try:
                await self._place(consumer)
            except Unavailable as failure:
                log.warning("requests wait for a dependency", reason=str(failure))
                await self.sleep(TRY_AGAIN)
                continue
            batches = await self._fetch(consumer, BATCH_BESIDE_EVENTS if self._is_busy() else BATCH)
            began = time.monotonic()
            # Partitions assigned meanwhile are left out: the seek to the database's offset fetches their records again.
            placed = {tp: records for tp, records in batches.items() if tp in self._placed}
            await asyncio.gather(*(self._take_batch(consumer, tp, records) for tp, records in placed.items()))
            if placed and self._is_busy():
                await self.sleep(min(_LONGEST_PAUSE, time.monotonic() - began))

    async def _fetch(self, consumer: AIOKafkaConsumer, most: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Fetch about so many records, from each partition alike: by itself the client empties one before the next.

        A shop's requests are in one partition, so those of others are not behind its thousands.
        """
        batches: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(timeout_ms=200, max_records=1)
        if not batches:
            return {}
        asked = sorted(consumer.assignment())
        while asked and (left := most - sum(map(len, batches.values()))) > 0:
            share, full = max(1, left // len(asked)), []
            for tp in asked:
                records = (await consumer.getmany(tp, timeout_ms=0, max_records=share)).get(tp, [])
                if records:
                    batches.setdefault(tp, []).extend(records)
                if len(records) == share:
                    full.append(tp)
            asked = full
        return batches

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Seek newly assigned partitions to the database's offset: the group's committed offset says nothing about the rows."""
        placed = []
        for tp in consumer.assignment() - self._placed:
            offset = await self._take.start_offset(tp.topic, tp.partition)
            if tp not in consumer.assignment():  # revoked while the offset was read
                continue
            if offset is None:
                await consumer.seek_to_beginning(tp)
            else:
                consumer.seek(tp, offset)
            self._placed.add(tp)
            placed.append(tp.partition)
        if placed:
            log.info("reading requests", partitions=sorted(placed))

    async def _take_batch(self, consumer: AIOKafkaConsumer, tp: TopicPartition, records: list[ConsumerRecord]) -> None:
        batch = [_record(record) for record in records]
        while tp in self._placed and not self.should_stop:
            self.progress_count += 1
            try:
                await self._take.take(batch)
            except Unavailable as failure:
                log.warning("requests wait for a dependency", partition=tp.partition, reason=str(failure))
                await self.sleep(TRY_AGAIN)
                continue
            await self._commit(consumer, tp, batch[-1].offset + 1)
            return

    @staticmethod
    async def _commit(consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        """Commit to the group as well, for tools that watch its lag; only the database's offset counts."""
        try:
            await consumer.commit({tp: offset})
        except KafkaError as error:
            log.debug("group offset not committed", partition=tp.partition, reason=type(error).__name__)


class _Unplace(ConsumerRebalanceListener):  # type: ignore[misc]
    """Makes every partition seek again after a rebalance: another worker may have read further meanwhile."""

    def __init__(self, placed: set[TopicPartition]) -> None:
        self._placed = placed

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - aiokafka's signature
        self._placed.clear()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:  # noqa: ARG002 - as above
        self._placed.clear()


def _record(record: ConsumerRecord) -> Record:
    sender = sender_of(record.headers)
    return Record(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, sender)
