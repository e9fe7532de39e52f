"""How flows read the offsets of consumer groups and publish records to Kafka."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from faust_app.core.failure import RecordRefused, Unavailable
from faust_app.core.messages.positions import PartitionOffsets, Position, TopicPartition
from faust_app.core.messages.record import Message


class ConsumerOffsets(Protocol):
    """Offsets of a consumer group in its topics. Raises Unavailable when Kafka does not answer."""

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Return the committed offset and log start of every partition."""
        ...

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the log end of every partition."""
        ...


class GroupOffsets(ConsumerOffsets, Protocol):
    """A consumer group's offsets, members and record times, read without joining it. Raises Unavailable when Kafka does not answer."""

    async def members(self) -> int:
        """Return the number of members of the group."""
        ...

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        """Return the append time (UTC) of the first record at or after each offset, where there is one to read.

        Takes seconds at most; what cannot be read in time is omitted.
        """
        ...


class StoredOffsets(Protocol):
    """Offsets that the database stores beside the rows. Raises Unavailable when the database fails."""

    async def next_offsets(self) -> dict[TopicPartition, int]:
        """Return the next offset of every partition of which a record was taken."""
        ...


class EventLog(Protocol):
    """Publishes records to Kafka."""

    clock_ahead: float | None
    """Seconds by which the brokers' clock is ahead of this process's; None until an acknowledgement has shown it."""

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        """Publish all and wait seconds at most for the acknowledgements; return one result per message, in order.

        An unacknowledged message may still be written afterwards.
        """
        ...

    async def probe(self) -> None:
        """Publish a record that nobody reads and wait for its acknowledgement. Raises Unavailable, and RecordRefused if it never comes."""
        ...
