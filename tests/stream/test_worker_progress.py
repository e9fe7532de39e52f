"""What the watchdog sees of a worker."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.monitoring.lag import PartitionLag
from faust_app.core.monitoring.watchdog import ProgressSample
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.metrics import Metrics
from faust_app.stream.worker_progress import WorkerProgress
from tests.fakes.alerts import FakeAlerts


class Seen:
    def __init__(self) -> None:
        dispatcher = cast("Any", SimpleNamespace(progress_count=3, unfinished=2))
        reader = cast("Any", SimpleNamespace(progress_count=5, placed=set()))
        self.breakers = Breakers({Dependency.DATABASE: _answers}, Metrics(), FakeAlerts(), HeldEvents(int))
        self.unavailable = False
        app = cast("Any", SimpleNamespace(should_stop=False))
        lag = cast("Any", SimpleNamespace(age=0.0, report=None))
        self.samples = WorkerProgress(
            app, dispatcher, reader, lag, images="g", requests="g-requests", may_start=lambda: not self.unavailable,
            is_paused=lambda topic: topic == "paused", available=lambda: not self.unavailable,
            failures=lambda: self.breakers.failures, fresh=30.0,
        )  # fmt: skip


async def _answers() -> None:
    pass


async def test_an_event_that_is_tried_again_gets_on_however_long_each_try_takes() -> None:
    seen = Seen()
    assert seen.samples()["image events"] == ProgressSample(3, "2 events held")
    await seen.breakers.failed(Unavailable(Dependency.DATABASE, "the event's deadline passed while loading"))
    assert seen.samples()["image events"] == ProgressSample(4, "2 events held")
    await seen.breakers.stop()


async def test_while_a_dependency_is_unavailable_both_kinds_of_work_are_held_up() -> None:
    seen = Seen()
    seen.unavailable = True
    assert [sample.held_up for sample in seen.samples().values()] == [True, True]


async def test_unread_records_of_a_paused_lane_are_no_work() -> None:
    seen = Seen()
    since = datetime(2026, 3, 1)  # noqa: DTZ001 - UTC, as everywhere
    partitions = tuple(PartitionLag(topic, 0, 0, 0, 5, since) for topic in ("paused", "open"))
    read = [each for each in partitions if each.place[0] == "open"]
    lag = SimpleNamespace(
        age=0.0, report=SimpleNamespace(groups=[SimpleNamespace(sample=SimpleNamespace(group="g", partitions=partitions))])
    )
    seen.samples._lag = cast("Any", lag)
    assert list(seen.samples._read_partitions()) == read
