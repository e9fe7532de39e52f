"""An image that fails leaves nothing for the garbage collector: it runs seldom, and bodies are large."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable, without_frames
from faust_app.core.sources.content import Fetched, Validators
from faust_app.flows.images import executor
from tests.factories import event_record
from tests.flows.worker_harness import WorkerHarness


class Body:
    """Stands for the bytes of an image, to which there can be no weak reference."""


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "error",
    [
        Permanent(FailureCode.NOT_AN_IMAGE),
        Transient(FailureCode.SOURCE_RESET),
        Unavailable(Dependency.STORAGE),
        None,
    ],
)
async def test_an_image_that_fails_leaves_no_body_for_the_collector(monkeypatch: pytest.MonkeyPatch, error: Failure | None) -> None:
    harness = WorkerHarness(deadline=30.0 if error else 0.02)
    bodies = list[weakref.ref[Body]]()

    async def fetch(url: str, validators: Validators) -> Fetched:
        body = Body()
        bodies.append(weakref.ref(body))
        if error is None:
            await asyncio.get_running_loop().create_future()
        if error is None:
            raise AssertionError("the deadline struck")
        translated = error
        raise translated from KeyError("what a library raised")

    monkeypatch.setattr(harness.fetcher, "fetch", fetch)
    await harness.execute(event_record(await harness.accept()))
    await harness.breakers.stop()
    assert [body() for body in bodies] == [None] * len(bodies)
    assert bodies


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("step", ["fetch", "put"])
async def test_an_event_that_is_cancelled_leaves_no_body_for_the_collector(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    harness, started = WorkerHarness(), asyncio.Event()
    bodies = list[weakref.ref[Body]]()

    async def wait(*_: object, **_about: object) -> None:
        body = Body()
        bodies.append(weakref.ref(body))
        started.set()
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(harness.fetcher if step == "fetch" else harness.store, step, wait)
    task = asyncio.create_task(harness.execute(event_record(await harness.accept())))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    del task
    assert [body() for body in bodies] == [None]


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("fail", [KeyError, lambda: Unavailable(Dependency.STORAGE)], ids=["error", "outage"])
async def test_an_error_of_our_own_keeps_no_body_while_its_decision_is_written(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[[], Exception]
) -> None:
    harness = WorkerHarness()
    bodies, kept = list[weakref.ref[Body]](), list[Body | None]()

    async def put(*_: object, **_about: object) -> None:
        body = Body()
        bodies.append(weakref.ref(body))
        raise fail()

    async def settle(*_: object) -> str:
        kept.extend(body() for body in bodies)
        return "retry"

    monkeypatch.setattr(harness.store, "put", put)
    monkeypatch.setattr(harness.handler._settler, "settle", settle)
    monkeypatch.setattr(executor, "log", SimpleNamespace(error=lambda *_, **_about: None))  # pytest keeps what is logged, with its frames
    await harness.execute(event_record(await harness.accept()))
    assert kept == [None] * len(bodies)
    assert bodies


def test_an_error_loses_its_frames_and_those_of_its_causes() -> None:
    def fail() -> None:
        try:
            int("first")
        except ValueError as error:
            raise RuntimeError("second") from error

    with pytest.raises(RuntimeError, match="second") as caught:
        fail()
    error = without_frames(caught.value)
    assert isinstance(error.__cause__, ValueError)
    assert (error.__traceback__, error.__cause__.__traceback__) == (None, None)


def test_errors_that_cause_each_other_lose_their_frames_too() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert without_frames(first) is first
