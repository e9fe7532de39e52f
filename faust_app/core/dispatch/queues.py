"""Queues the events of a topic by source, and serves the sources round robin, leaving out those without a slot."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from faust_app.core.sources.health import Source

T = TypeVar("T")


class SourceQueues(Generic[T]):
    """One queue per source; the cost of an operation does not grow with the number of sources."""

    def __init__(self) -> None:
        self._queues: dict[Source, deque[T]] = {}
        self._turn: deque[Source] = deque()
        self._full: dict[str, dict[Source, None]] = {}

    def push(self, source: Source, item: T) -> None:
        """Append an event to the queue of its source."""
        self._queue(source).append(item)

    def push_front(self, source: Source, item: T) -> None:
        """Put an event at the front of the queue of its source."""
        self._queue(source).appendleft(item)

    def pop(self, has_slot: Callable[[Source], bool]) -> T | None:
        """Remove and return the next event whose source has a slot; a source without one is left out until `slot_freed`."""
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
        """Remove and return the youngest event of the source, unless it is the only one."""
        queue = self._queues.get(source)
        return queue.pop() if queue is not None and len(queue) > 1 else None

    def slot_freed(self, host: str) -> None:
        """Serve the sources of the host again."""
        self._turn.extend(self._full.pop(host, ()))

    def all_freed(self) -> None:
        """Give every source its turn again."""
        for host in list(self._full):
            self.slot_freed(host)

    def sources(self) -> list[Source]:
        """Return the sources with queued events."""
        return list(self._queues)

    def items(self) -> Iterator[T]:
        """Return every queued event."""
        return chain.from_iterable(self._queues.values())

    def _queue(self, source: Source) -> deque[T]:
        queue = self._queues.get(source)
        if queue is None:
            queue = self._queues[source] = deque()
            self._turn.append(source)
        return queue
