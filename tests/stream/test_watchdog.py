"""The watchdog ends a process that does not get on, with its stacks in the log; and no other."""

import asyncio
import logging
import threading

import pytest
from structlog.testing import capture_logs

from faust_app.core.monitoring.watchdog import EXIT_CODE, ProgressSample
from faust_app.metrics import Metrics
from faust_app.stream import watchdog
from faust_app.stream.stack_dump import log_stacks
from faust_app.stream.watchdog import Watchdog

LIMIT = 30.0


class Ended:
    """What a watchdog that ends its process does, without ending it."""

    def __init__(self) -> None:
        self.sample = ProgressSample(0, None)
        self.metrics = Metrics()
        self.order: list[object] = []
        self.ended = threading.Event()
        self.dog = Watchdog(lambda: {"image events": self.sample}, self.say, self.metrics, limit=LIMIT, end=self.end, last_resort=False)

    def say(self, reason: str) -> None:
        self.order.append(reason)

    def end(self, code: int) -> None:
        self.order.append(code)
        self.ended.set()


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    monkeypatch.setattr(watchdog, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    return Ended()


async def test_work_that_nobody_does_ends_the_process_after_final_alert(ended: Ended) -> None:
    ended.sample = ProgressSample(7, "3 events held")
    with capture_logs() as told:
        async with ended.dog:
            for second in range(33):
                ended.dog.sample(float(second))
            assert await asyncio.to_thread(ended.ended.wait, 20)
    assert ended.order == ["image events: 3 events held, no progress for 30 s", EXIT_CODE]
    assert told[0]["event"].startswith("worker stalled")
    assert "test_work_that_nobody_does_ends_the_process_after_final_alert" in str([entry.get("frames") for entry in told])


@pytest.mark.parametrize("sample", [ProgressSample(7, None), ProgressSample(7, "3 events held", held_up=True)], ids=["idle", "held up"])
async def test_a_worker_that_has_no_work_or_may_do_none_is_left_alone(ended: Ended, sample: ProgressSample) -> None:
    ended.sample = sample
    for second in range(1000):
        ended.dog.sample(float(second))
    assert ended.dog._reason is None
    assert ended.metrics.registry.get_sample_value("shop_images_watchdog_idle_seconds") == 0


async def test_how_long_nothing_was_done_is_a_metric(ended: Ended) -> None:
    ended.sample = ProgressSample(7, "3 events held")
    for second in range(11):
        ended.dog.sample(float(second))
    assert ended.metrics.registry.get_sample_value("shop_images_watchdog_idle_seconds") == 10


async def test_a_loop_that_is_blocked_is_seen_from_beside_it(ended: Ended) -> None:
    ended.dog._limit = 0.05
    async with ended.dog:
        assert ended.ended.wait(20), "this blocks the loop; only the thread can see it"
    assert str(ended.order[0]).startswith("the event loop is blocked")
    assert ended.order[1] == EXIT_CODE


async def test_final_alert_that_fail_do_not_keep_the_process_alive(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(reason: str) -> None:
        raise RuntimeError(reason)

    ended.dog._final_alert = fail
    ended.dog._reason = "x"
    async with ended.dog:
        assert await asyncio.to_thread(ended.ended.wait, 20)
    assert ended.order == [EXIT_CODE]


@pytest.mark.parametrize("blocked", ["the log", "the final alert"])
async def test_what_blocks_the_final_alert_does_not_keep_the_process_alive(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, blocked: str
) -> None:
    monkeypatch.setattr(watchdog, "_FAREWELL_SECONDS", 0.05)
    released = threading.Event()

    def block(*_: object, **__: object) -> None:
        released.wait(60)

    if blocked == "the log":
        monkeypatch.setattr(watchdog.log, "error", block)
    else:
        ended.dog._final_alert = block
    ended.dog._reason = "x"
    async with ended.dog:
        assert await asyncio.to_thread(ended.ended.wait, 20)
    assert ended.order == [EXIT_CODE]
    released.set()


async def test_a_process_that_stops_is_let_be(ended: Ended) -> None:
    async with ended.dog:
        (beside,) = [thread for thread in threading.enumerate() if thread.name == "watchdog"]
    await asyncio.to_thread(beside.join, 20)
    assert not beside.is_alive()
    assert ended.order == []


async def waits_here() -> None:
    await asyncio.Event().wait()


async def test_equal_stacks_are_told_once_and_down_to_where_a_task_waits() -> None:
    tasks = [asyncio.create_task(waits_here(), name=f"task {number}") for number in range(12)]
    await asyncio.sleep(0)
    with capture_logs() as told:
        log_stacks(asyncio.get_running_loop())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    (entry,) = [entry for entry in told if "waits_here" in str(entry["frames"])]
    assert (entry["event"], entry["tasks"]) == ("stack of tasks", 12)
    assert "Event.wait" in entry["frames"][-1]
    assert [entry for entry in told if entry["event"] == "stack of threads" and "MainThread" in entry["names"]]
