"""The agents as Faust runs them: each hands its events to the dispatcher, which acknowledges them when they are dealt with."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faust_app.core.messages.record import Record, parse_event
from faust_app.flows.images.executor import Event, Handled
from faust_app.settings import Settings
from faust_app.worker_app import WorkerApp
from tests.factories import accepted_row, event_record

ROLES = ("express", "bulk", "retry")


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[WorkerApp]:
    app = WorkerApp(Settings(_env_file=None, data_dir=tmp_path))
    app.finalize()
    app.flow_control.resume()
    yield app
    consumer: Any = app.consumer
    consumer._thread.thread_loop.close()  # Faust leaves it open, and an open loop is a warning


@pytest.fixture
def handled(app: WorkerApp, monkeypatch: pytest.MonkeyPatch) -> "asyncio.Queue[Record]":
    queue: asyncio.Queue[Record] = asyncio.Queue()

    class Handler:
        def read(self, record: Record) -> Event:
            return Event(record, parse_event(record), (0, ""))

        async def execute(self, event: Event, *, defer_by: timedelta | None = None) -> Handled:
            await queue.put(event.record)
            return Handled.DONE

    monkeypatch.setattr(app.dispatcher, "_handler", Handler)
    monkeypatch.setattr(app.dispatcher, "_may_start", lambda: True)
    return queue


def test_there_is_one_agent_an_image_topic(app: WorkerApp) -> None:
    topics = {name: agent.channel.topics for name, agent in app.agents.items()}
    assert topics == {f"shop_images.{role}": (f"shop-images.{role}",) for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
async def test_an_agent_hands_over_the_raw_bytes_and_the_event_is_acknowledged(
    app: WorkerApp, handled: "asyncio.Queue[Record]", role: str
) -> None:
    value = event_record(accepted_row()).value
    async with app.agents[f"shop_images.{role}"].test_context() as agent:
        event = await agent.put(value, key=b"7")
        record = await asyncio.wait_for(handled.get(), 5)
        assert (record.value, record.key) == (value, b"7")
        async with asyncio.timeout(5):
            while not event.message.acked:
                await asyncio.sleep(0)


async def test_an_unparseable_record_does_not_end_the_agent(app: WorkerApp, handled: "asyncio.Queue[Record]") -> None:
    async with app.agents["shop_images.bulk"].test_context() as agent:
        for value in (b"\xff\x00", b"", b"{}", b"[" * 10_000):
            await agent.put(value)
            assert (await asyncio.wait_for(handled.get(), 5)).value == value
