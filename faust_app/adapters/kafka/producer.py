"""Publishes to Kafka and returns acknowledged positions: one producer for worker, web and command line."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import RecordMetadata

from faust_app.adapters.kafka.errors import kafka_sentence
from faust_app.adapters.kafka.reach import reach
from faust_app.core.failure import Dependency, RecordRefused, Unavailable
from faust_app.core.messages.limits import PUBLISH_SECONDS
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message

ACK_TIMEOUT: Final = 5.0
"""Seconds after which an unacknowledged send counts as Kafka unavailable; the broker may still have the record."""


_LOG_APPEND_TIME: Final = 1
_REFUSALS: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
"""Errors that waiting does not cure: treated as an outage, one such record would stop the worker for ever."""


_Sent = asyncio.Future[RecordMetadata] | Unavailable | RecordRefused


class KafkaEventLog:
    """Implements `flows.ports.kafka.EventLog` over one producer with acks from all replicas.

    The producer is not idempotent: a record written twice is harmless, since the row decides.
    """

    def __init__(self, producer: AIOKafkaProducer, probe_topic: str) -> None:
        self._producer = producer
        self._probe_topic = probe_topic
        self.clock_ahead: float | None = None
        """Seconds the brokers' clock is ahead of this process's, by the newest acknowledgement; None before the first."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, kafka: Mapping[str, Any], *, client_id: str, probe_topic: str) -> AsyncIterator[Self]:
        """Start the producer. Raises Unavailable when no broker answers, Misconfigured when it does not let us in."""
        kafka = await reach(kafka)
        producer = AIOKafkaProducer(
            **kafka,
            client_id=client_id,
            acks="all",
            linger_ms=5,
            max_batch_size=64 * 1024,
            request_timeout_ms=round(PUBLISH_SECONDS * 1000),
            retry_backoff_ms=200,
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise Unavailable(Dependency.KAFKA, kafka_sentence(error)) from error
        try:
            yield cls(producer, probe_topic)
        finally:
            await _stop(producer)

    def broker_time(self) -> datetime:
        """Return the brokers' time of day (UTC without a zone), by this process's clock until an acknowledgement shows it."""
        return datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=self.clock_ahead or 0.0)

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        """Wait at most ACK_TIMEOUT for all messages together; one that is not acknowledged may still be written later."""
        deadline = asyncio.get_running_loop().time() + ACK_TIMEOUT
        sent_at = time.time()
        sends = await self._send_all(messages, deadline)
        waiting = [send for send in sends if isinstance(send, asyncio.Future) and not send.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        results = [_result(send) for send in sends]
        self._observe_clock(sends, sent_at)
        return results

    async def probe(self) -> None:
        (result,) = await self.publish([Message(self._probe_topic, b"")])
        if not isinstance(result, Position):
            raise result

    async def _send_all(self, messages: Sequence[Message], deadline: float) -> list[_Sent]:
        """Append the messages to the producer's buffer, without a task or a timer for each: this is the hot path of intake."""
        sends = list[_Sent]()
        try:
            async with asyncio.timeout_at(deadline):
                for message in messages:
                    sends.append(await self._send(message))
        except TimeoutError as error:
            sends += [_failure(error)] * (len(messages) - len(sends))
        return sends

    async def _send(self, message: Message) -> _Sent:
        try:
            return await self._producer.send(message.topic, message.value, message.key, headers=message.headers)  # type: ignore[no-any-return]
        except (KafkaError, OSError) as error:
            return _failure(error)

    def _observe_clock(self, sends: Sequence[_Sent], sent_at: float) -> None:
        first = sends[0] if sends else None
        if isinstance(first, asyncio.Future) and first.done() and not first.cancelled() and first.exception() is None:
            metadata = first.result()
            if metadata.timestamp_type == _LOG_APPEND_TIME:
                self.clock_ahead = metadata.timestamp / 1000 - (sent_at + time.time()) / 2


def _result(send: _Sent) -> Position | Unavailable | RecordRefused:
    if isinstance(send, Unavailable | RecordRefused):
        return send
    if not send.done():
        return Unavailable(Dependency.KAFKA, f"Kafka acknowledged nothing within {ACK_TIMEOUT:.0f} s.")
    error = send.exception()
    if error is not None:
        return _failure(error)
    metadata = send.result()
    return Position(metadata.topic, metadata.partition, metadata.offset)


def _failure(error: BaseException) -> Unavailable | RecordRefused:
    said = kafka_sentence(error)
    failure = RecordRefused(said) if isinstance(error, _REFUSALS) else Unavailable(Dependency.KAFKA, said)
    failure.__cause__ = error
    return failure


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop the producer; after ACK_TIMEOUT, give up records that no broker acknowledged."""
    try:
        async with asyncio.timeout(ACK_TIMEOUT):
            await producer.stop()
    except TimeoutError:
        await producer.client.close()
