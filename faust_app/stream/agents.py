"""One agent an image topic, over raw bytes. It parses nothing and decides nothing: it hands each event to the dispatcher."""

from typing import cast

import faust
from faust.streams import Stream
from faust.types import StreamT, TopicT

from faust_app.core.messages.topics import Topics, TopicSpec
from faust_app.stream.dispatcher import Dispatcher


def raw_topic(app: faust.App, spec: TopicSpec) -> TopicT:
    """Declare a topic whose records reach the agent as bytes; `setup` creates it, never Faust."""
    return app.topic(spec.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True)


def register_agents(app: faust.App, topics: Topics, dispatcher: Dispatcher) -> None:
    """Register the agents. Each topic has its own queue, so that a backlog in one does not delay the others."""
    for role, spec in (("express", topics.express), ("bulk", topics.bulk), ("retry", topics.retry)):

        async def agent(stream: StreamT[bytes]) -> None:
            # Faust would acknowledge an event when the next one is requested; the dispatcher does it after the settle.
            unacked = cast("Stream[bytes]", stream).noack()
            async for event in unacked.events():
                dispatcher.submit(unacked, event)

        agent.__name__ = agent.__qualname__ = role
        agent.__doc__ = f"Passes the events of {spec.name} to the dispatcher."
        app.agent(raw_topic(app, spec), name=f"shop_images.{role}")(agent)
