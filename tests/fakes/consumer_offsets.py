"""Committed offsets in memory, over topics in memory."""

from collections.abc import Sequence

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.stall import PartitionOffsets, TopicPartition
from tests.fakes.event_log import FakeEventLog


class FakeConsumerOffsets:
    """Implements `ConsumerOffsets`; every topic has one partition, 0."""

    def __init__(self, log: FakeEventLog, topics: Sequence[str]) -> None:
        self._log = log
        self._topics = topics
        self.offsets: dict[str, int] = {}
        self.away = False

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        self._answer()
        return {(topic, 0): PartitionOffsets(self.offsets.get(topic), 0) for topic in self._topics}

    async def ends(self) -> dict[TopicPartition, int]:
        self._answer()
        return {(topic, 0): len(self._log.messages[topic]) for topic in self._topics}

    def _answer(self) -> None:
        if self.away:
            raise Unavailable(Dependency.KAFKA, "fake")
