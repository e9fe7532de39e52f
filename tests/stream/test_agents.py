"""The agents as Faust runs them: each hands its events to the dispatcher, which acknowledges them when they are dealt with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust
import pytest

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.dispatch.scheduler import Scheduler
from faust_app.core.messages.record import Record, parse_event
from faust_app.flows.images.executor import Event, Handled, nothing
from faust_app.flows.resilience.held_events import HeldEvents
from faust_app.settings import Settings
from faust_app.stream.agents import register_agents
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.flow_control import DrainingFlow, WorkerFlow
from faust_app.stream.windows import Windows
from faust_app.wiring.controls import shares_of_topics
from faust_app.wiring.faust_settings import faust_settings
from tests.factories import accepted_row, event_record

ROLES = ("express", "bulk", "retry")


class Handler:
    """Keeps what it is handed, and is done with it at once."""

    def __init__(self) -> None:
        self.handled: asyncio.Queue[Record] = asyncio.Queue()

    def read(self, record: Record) -> Event:
        return Event(record, parse_event(record), (0, ""))

    async def execute(self, event: Event, *, defer_by: timedelta | None = None, fetched: Callable[[], None] = nothing) -> Handled:
        await self.handled.put(event.record)
        return Handled.DONE

    async def ack_early(self, event: Event) -> bool:
        raise NotImplementedError


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
async def app(handler: Handler, tmp_path: Path) -> AsyncIterator[faust.App]:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    app = faust.App(settings.app_id, **faust_settings(settings, web_port=settings.worker_port))
    control, failures = WorkerFlow(app), list[BaseException]()
    windows = Windows(control, ahead=settings.read_ahead, ahead_per_partition=settings.read_ahead_per_partition)
    dispatcher = Dispatcher(
        handler, windows, control, HeldEvents(int), failures.append, may_start=lambda: True, is_paused=lambda _: False,
        scheduler=Scheduler(SourcePace(settings.slots)), shares=shares_of_topics(settings.topics), slots=lambda: settings.slots, grace=0.0,
    )  # fmt: skip
    app.flow_control = DrainingFlow(dispatcher)
    register_agents(app, settings.topics, dispatcher)
    app.finalize()
    app.flow_control.resume()
    yield app
    assert failures == []
    consumer: Any = app.consumer
    consumer._thread.thread_loop.close()  # Faust leaves it open, and an open loop is a warning


def test_there_is_one_agent_an_image_topic(app: faust.App) -> None:
    topics = {name: agent.channel.topics for name, agent in app.agents.items()}
    assert topics == {f"shop_images.{role}": (f"shop-images.{role}",) for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
async def test_an_agent_hands_over_the_raw_bytes_and_the_event_is_acknowledged(app: faust.App, handler: Handler, role: str) -> None:
    value = event_record(accepted_row()).value
    async with app.agents[f"shop_images.{role}"].test_context() as agent:
        event = await agent.put(value, key=b"7")
        record = await asyncio.wait_for(handler.handled.get(), 5)
        assert (record.value, record.key) == (value, b"7")
        async with asyncio.timeout(5):
            while not event.message.acked:
                await asyncio.sleep(0)


async def test_an_unparseable_record_does_not_end_the_agent(app: faust.App, handler: Handler) -> None:
    async with app.agents["shop_images.bulk"].test_context() as agent:
        for value in (b"\xff\x00", b"", b"{}", b"[" * 10_000):
            await agent.put(value)
            assert (await asyncio.wait_for(handler.handled.get(), 5)).value == value
