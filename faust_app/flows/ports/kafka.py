"""Kafka, as the flows see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from faust_app.core.failure import RecordRefused, Unavailable
from faust_app.core.image import Position
from faust_app.core.record import Message
from faust_app.core.stall import PartitionOffsets, TopicPartition


class ConsumerOffsets(Protocol):
    """Where the workers' group stands in the image topics. Raises Unavailable when Kafka does not answer."""

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Return committed offset and log start of every partition."""
        ...

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the log end of every partition."""
        ...


class GroupOffsets(ConsumerOffsets, Protocol):
    """What is asked of a group beside its offsets, without joining it. Raises Unavailable when Kafka does not answer."""

    async def members(self) -> int:
        """Return how many members the group has."""
        ...

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        """Return when the first record from each offset on was appended (UTC), where there is one to be read.

        It waits for seconds at most: what cannot be read in time is left out.
        """
        ...


class EventLog(Protocol):
    """Kafka, as publishers see it."""

    clock_ahead: float | None
    """Seconds the brokers' clock is ahead of this process's; None while no acknowledgement told it."""

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        """Publish all and wait for the acknowledgements, seconds at most; one result per message, in order."""
        ...

    async def probe(self) -> None:
        """Publish a record that nobody reads and wait for its acknowledgement. Raises Unavailable."""
        ...
