"""Kafka in memory: positions a partition, and an outage on demand."""

from collections import defaultdict
from collections.abc import Sequence

from faust_app.core.failure import Dependency, RecordRefused, Unavailable
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message


class FakeEventLog:
    """Implements `EventLog`; every record without a key takes partition 0."""

    def __init__(self) -> None:
        self.messages: dict[str, list[Message]] = defaultdict(list)
        self.clock_ahead: float | None = None
        self.unavailable = False
        self.sends: list[int] = []

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        self.sends.append(len(messages))
        if self.unavailable:
            return [Unavailable(Dependency.KAFKA, "fake")] * len(messages)
        return [self._append(message) for message in messages]

    def _append(self, message: Message) -> Position:
        self.messages[message.topic].append(message)
        return Position(message.topic, 0, len(self.messages[message.topic]) - 1)

    async def probe(self) -> None:
        if self.unavailable:
            raise Unavailable(Dependency.KAFKA, "fake")
