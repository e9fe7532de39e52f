"""A plain Faust app, as its guide writes one: a Record, an agent with a concurrency of ten, no retry.

`faust -A bench.contenders.plain_faust -L uvloop worker` runs it.
"""

from typing import Final

import faust

from bench.contenders.image_mover import ImageMover, open_mover
from faust_app.settings import Settings

NAME: Final = "faust"
CONCURRENCY: Final = 10
_SETTINGS: Final = Settings(_env_file=None)


class Event(faust.Record, serializer="json"):
    """What a worker needs of an image event."""

    image_id: str
    source_url: str


class PlainApp(faust.App):
    """Opens what an image needs before the agents start."""

    mover: ImageMover

    async def on_start(self) -> None:
        """Open it; Faust closes it when the app stops."""
        self.mover = await self.add_async_context(open_mover(NAME, _SETTINGS))
        await super().on_start()


app = PlainApp(
    f"{_SETTINGS.app_id}-{NAME}",
    broker=_SETTINGS.kafka_url,
    datadir=f"{_SETTINGS.data_dir}-{NAME}",
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    broker_session_timeout=_SETTINGS.session_timeout,
    broker_heartbeat_interval=_SETTINGS.session_timeout / 5,
    broker_request_timeout=_SETTINGS.session_timeout * 2,
)


async def move(stream: faust.types.StreamT[Event]) -> None:
    """Move each image."""
    async for event in stream:
        await app.mover.move(event.image_id, event.source_url)


app.agent(app.topic(_SETTINGS.topics.bulk.name, value_type=Event), concurrency=CONCURRENCY)(move)
