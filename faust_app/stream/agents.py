"""One agent an image topic. It parses nothing and decides nothing: it hands each event to the dispatcher."""

from typing import cast

import faust
from faust.streams import Stream
from faust.types import StreamT

from faust_app.core.topics import Topics
from faust_app.stream.dispatcher import Dispatcher
from faust_app.stream.topics import raw_topic


def register_agents(app: faust.App, topics: Topics, dispatcher: Dispatcher) -> None:
    """Register the agents; each topic has a queue of its own, so that a deep one does not hold up the others."""
    for role, spec in (("express", topics.express), ("bulk", topics.bulk), ("retry", topics.retry)):

        async def agent(stream: StreamT[bytes]) -> None:
            unacked = cast("Stream[bytes]", stream).noack()
            async for event in unacked.events():
                dispatcher.submit(unacked, event)

        agent.__name__ = agent.__qualname__ = role
        agent.__doc__ = f"Hands the events of {spec.name} to the dispatcher."
        app.agent(raw_topic(app, spec), name=f"shop_images.{role}")(agent)
