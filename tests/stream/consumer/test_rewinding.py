"""The consumer that begins anew where nothing is committed."""

from typing import Any

import pytest
from faust.types import TP

from faust_app.stream.consumer.rewinding import RewindingConsumer


class Thread:
    """The consumer's thread: it has offsets, and notes what is sought."""

    def __init__(self, committed: dict[TP, int | None]) -> None:
        self.committed = committed
        self.sought: list[dict[TP, int]] = []

    async def seek_to_committed(self) -> dict[TP, int | None]:
        return self.committed

    async def seek_wait(self, partitions: dict[TP, int]) -> None:
        self.sought.append(partitions)


@pytest.mark.parametrize(
    ("committed", "sought"),
    [
        ({0: None, 1: 7, 2: 0}, [{0, 2}]),
        ({0: 1, 1: 7}, []),
        ({}, []),
    ],
)
async def test_partitions_without_a_committed_offset_are_sought_to_their_beginning(
    committed: dict[int, int | None], sought: list[set[int]]
) -> None:
    thread = Thread({TP("bulk", number): offset for number, offset in committed.items()})
    consumer: Any = RewindingConsumer.__new__(RewindingConsumer)  # without Kafka
    consumer._thread = thread
    assert await consumer.seek_to_committed() == thread.committed
    assert thread.sought == [{TP("bulk", number): 0 for number in numbers} for numbers in sought]
