"""A topic's events that wait for a slot: a queue per source, the sources in turn, a full one out of turn."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from faust_app.core.source_health import Source

T = TypeVar("T")


class SourceQueues(Generic[T]):
    """Each source's events in their order; every step takes the same time however many sources there are."""

    def __init__(self) -> None:
        self._queues: dict[Source, deque[T]] = {}
        self._turn: deque[Source] = deque()
        self._full: dict[str, dict[Source, None]] = {}

    def push(self, source: Source, item: T) -> None:
        """Add an event behind those of its source."""
        self._queue(source).append(item)

    def push_front(self, source: Source, item: T) -> None:
        """Put an event in front of those of its source."""
        self._queue(source).appendleft(item)

    def pop(self, has_slot: Callable[[Source], bool]) -> T | None:
        """Take the next event whose source has a slot; a source without one is out of turn until `slot_freed`."""
        while self._turn:
            source = self._turn.popleft()
            if not has_slot(source):
                self._full.setdefault(source[1], {})[source] = None
                continue
            queue = self._queues[source]
            item = queue.popleft()
            if queue:
                self._turn.append(source)
            else:
                del self._queues[source]
            return item
        return None

    def pop_youngest(self, source: Source) -> T | None:
        """Take the youngest event of the source, if another one of it stays."""
        queue = self._queues.get(source)
        return queue.pop() if queue is not None and len(queue) > 1 else None

    def slot_freed(self, host: str) -> None:
        """Let the sources of a host have their turn again."""
        self._turn.extend(self._full.pop(host, ()))

    def all_freed(self) -> None:
        """Let every source have its turn again."""
        for host in list(self._full):
            self.slot_freed(host)

    def sources(self) -> list[Source]:
        """Return the sources that have events here."""
        return list(self._queues)

    def items(self) -> Iterator[T]:
        """Return every event here."""
        return chain.from_iterable(self._queues.values())

    def _queue(self, source: Source) -> deque[T]:
        queue = self._queues.get(source)
        if queue is None:
            queue = self._queues[source] = deque()
            self._turn.append(source)
        return queue
