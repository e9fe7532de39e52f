"""A worker that is killed before or after any call to the outside: nothing lost, nothing early, nothing counted twice.

The outside (rows, topics, bucket, sources) outlives the worker; what it did not acknowledge is delivered again to the
next one, from the committed offset.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from faust_app.core.failure import FailureCode, Permanent, Transient
from faust_app.core.images.row import ImageState
from faust_app.core.messages.record import Record
from faust_app.core.sources.content import Fetched, Validators
from tests.factories import SOURCE
from tests.flows.worker_harness import DEAD, JPEG, TOPICS, WorkerHarness

IMAGE_TOPICS = [spec.name for spec in TOPICS.images]
PORTS = {
    "rows": ("load", "change", "mark_published", "claim_due"),
    "log": ("publish",),
    "store": ("put",),
    "fetcher": ("fetch",),
}
ERROR = Transient(FailureCode.SOURCE_ERROR, "status 500")
SCENARIOS: dict[str, list[Exception | Fetched]] = {
    "stored at once": [Fetched(JPEG, Validators())],
    "stored at the third attempt": [ERROR, ERROR, Fetched(JPEG, Validators())],
    "failed for good at once": [Permanent(FailureCode.SOURCE_GONE)],
    "failed past three retries": [ERROR],
}


class Killer:
    """Stops the world at one call: nothing that runs goes on."""

    def __init__(self) -> None:
        self.calls = 0
        self.at: int | None = None
        self.killed = asyncio.Event()

    def around(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            await self._step()
            result = await call(*args, **kwargs)
            await self._step()
            return result

        return wrapped

    async def _step(self) -> None:
        """A step is the moment before or after a call."""
        if self.calls == self.at:
            self.killed.set()
        self.calls += 1
        if self.killed.is_set():
            await asyncio.get_running_loop().create_future()


class World:
    """The outside, and a worker that is started again when it was killed."""

    def __init__(self, answers: list[Exception | Fetched], kill_at: int | None) -> None:
        self.answers = answers
        self.outside = WorkerHarness()
        self.killer = Killer()
        self.killer.at = kill_at
        self.committed: Counter[str] = Counter()
        self.early: list[datetime] = []
        self.outside.fetcher.fetch = self._fetch  # type: ignore[assignment, method-assign]
        for port, methods in PORTS.items():
            part = getattr(self.outside, port)
            for method in methods:
                setattr(part, method, self.killer.around(getattr(part, method)))
        self.worker = self._start()

    async def _fetch(self, _url: str, _validators: Validators) -> Fetched:
        now, due = self.outside.rows._clock(), self._retry_time()
        if due is not None and now < due:
            self.early.append(now)
        answer = self.answers[min(self.outside.row.attempt, len(self.answers) - 1)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self) -> WorkerHarness:
        return WorkerHarness(outside=self.outside)

    async def run(self) -> None:
        """Deliver and publish until nothing is left to do."""
        for _ in range(60):
            if self.outside.row.state is not ImageState.IN_PROGRESS:
                return
            if await self._survives(self._turn()):
                self._let_time_pass()
        raise AssertionError("the image is stuck")

    async def _turn(self) -> None:
        for topic in IMAGE_TOPICS:
            while self.committed[topic] < len(self.outside.log.messages[topic]):
                offset = self.committed[topic]
                message = self.outside.log.messages[topic][offset]
                await self.worker.execute(Record(topic, 0, offset, 0, message.key, message.value))
                self.committed[topic] = offset + 1
        await self.worker.due.run_pass()

    async def _survives(self, work: Any) -> bool:
        """Return whether the worker survives the work; another takes over at once if it does not."""
        task, killed = asyncio.create_task(work), asyncio.create_task(self.killer.killed.wait())
        await asyncio.wait([task, killed], return_when=asyncio.FIRST_COMPLETED)
        if not self.killer.killed.is_set():
            killed.cancel()
            task.result()
            return True
        for running in asyncio.all_tasks() - {asyncio.current_task()}:
            running.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.killer.killed.clear()
        self.outside.rows._lock = asyncio.Lock()  # the database lets go of a dead client's locks
        self.worker = self._start()
        return False

    def _let_time_pass(self) -> None:
        row = self.outside.row
        if row.scheduled_at is None:
            return
        wait = row.scheduled_at - self.outside.rows._clock()
        self.outside.rows.advance += max(wait, timedelta(0)) + timedelta(milliseconds=1)

    def _retry_time(self) -> datetime | None:
        """When the newest failure said that it may be tried again: a lease does not move it."""
        retries = [entry for entry in self.outside.rows.entries if entry.outcome == "retry"]
        if not retries:
            return None
        return retries[-1].at + timedelta(seconds=(10, 60, 300)[len(retries) - 1])


async def accepted_world(answers: list[Exception | Fetched], kill_at: int | None) -> World:
    world = World(answers, None)
    await world.outside.accept(source_url=SOURCE)
    world.killer.calls, world.killer.at = 0, kill_at
    return world


async def steps_of(scenario: str) -> int:
    world = await accepted_world(SCENARIOS[scenario], None)
    await world.run()
    return world.killer.calls


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_killed_between_any_two_steps_an_image_ends_as_if_nothing_had_been(scenario: str) -> None:
    steps = await steps_of(scenario)
    assert steps >= 10
    for step in range(steps):
        world = await accepted_world(SCENARIOS[scenario], step)
        await world.run()
        check(scenario, world, f"killed at step {step} of {steps}")


def check(scenario: str, world: World, when: str) -> None:
    row, outcomes = world.outside.row, Counter(entry.outcome for entry in world.outside.rows.entries)
    letters = len(world.outside.log.messages[DEAD])
    assert world.early == [], when
    match scenario:
        case "stored at once":
            assert (row.state, outcomes, letters) == (ImageState.DONE, {"stored": 1}, 0), when
        case "stored at the third attempt":
            assert (row.state, outcomes, letters) == (ImageState.DONE, {"stored": 1, "retry": 2}, 0), when
        case "failed for good at once":
            assert (row.state, outcomes) == (ImageState.FAILED, {"failed": 1}), when
            assert 1 <= letters <= 2, when
        case _:
            assert (row.state, outcomes, row.attempt) == (ImageState.FAILED, {"failed": 1, "retry": 3}, 3), when
            assert 1 <= letters <= 2, when
    if row.shown is not None:
        assert world.outside.store.objects[row.shown.object_key] == JPEG, when
