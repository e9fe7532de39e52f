"""Samples a worker's progress for the watchdog: work at hand, work done, and whether a known cause holds it up."""

from collections.abc import Callable, Iterable

import faust

from faust_app.core.messages.positions import TopicPartition
from faust_app.core.monitoring.lag import PartitionLag
from faust_app.core.monitoring.watchdog import ProgressSample
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.requests import RequestsReader


class WorkerProgress:
    """Samples the progress of one worker, for image events and for requests.

    `may_start` returns whether events may start, `is_paused` whether those of a topic wait, `available` whether every
    dependency is available, `failures` how many calls of events failed: a retry is progress, even if each attempt takes
    long. A lag report older than `fresh` seconds is ignored: an outage of Kafka is not a fault of the worker.
    """

    def __init__(
        self, app: faust.App, dispatcher: Dispatcher, reader: RequestsReader, lag: WatchLag, *, images: str, requests: str,
        may_start: Callable[[], bool], is_paused: Callable[[str], bool], available: Callable[[], bool], failures: Callable[[], int],
        fresh: float,
    ) -> None:  # fmt: skip
        self._app = app
        self._dispatcher = dispatcher
        self._reader = reader
        self._lag = lag
        self._images = images
        self._requests = requests
        self._may_start = may_start
        self._is_paused = is_paused
        self._available = available
        self._failures = failures
        self._fresh = fresh

    def __call__(self) -> dict[str, ProgressSample]:
        """Return a sample of each kind of work."""
        if self._app.should_stop:
            return {}
        progress_count = self._dispatcher.progress_count + self._failures()
        return {
            "image events": ProgressSample(progress_count, self._work_on_images(), held_up=not self._may_start()),
            "requests": ProgressSample(self._reader.progress_count, self._work_on_requests(), held_up=not self._available()),
        }

    def _work_on_images(self) -> str | None:
        held = self._dispatcher.unfinished
        if held:
            return f"{held} events held"
        if not self._app.flow_control.is_active():
            # During a rebalance nobody has the partitions; a rebalance that does not end is a stall too.
            return _unread(self._read_partitions(), None)
        return _unread(self._read_partitions(), {(tp.topic, tp.partition) for tp in self._app.consumer.assignment()})

    def _read_partitions(self) -> Iterable[PartitionLag]:
        return [each for each in self._partitions(self._images) if not self._is_paused(each.place[0])]

    def _work_on_requests(self) -> str | None:
        return _unread(self._partitions(self._requests), self._reader.placed)

    def _partitions(self, group: str) -> Iterable[PartitionLag]:
        report = self._lag.report if self._lag.age < self._fresh else None
        return next((each.sample.partitions for each in report.groups if each.sample.group == group), ()) if report else ()


def _unread(partitions: Iterable[PartitionLag], ours: set[TopicPartition] | None) -> str | None:
    """Return a text that counts our partitions (`ours` None: all) with readable, unfinished records; None if there are none."""
    unread = [each for each in partitions if each.lag and each.oldest_unfinished_at and (ours is None or each.place in ours)]
    return f"{len(unread)} partitions have unread records" if unread else None
