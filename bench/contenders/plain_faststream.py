"""The same by FastStream: `python -m bench.contenders.plain_faststream batches` or `workers` runs it until it is ended.

`batches` is its best setting here: a subscriber of batches whose images are moved together. `workers` moves each message by itself.
"""

import asyncio
import sys
from typing import Any, Final

import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

from bench.contenders.image_mover import SLOTS, ImageMover, open_mover
from faust_app.settings import Settings


class Event(BaseModel):
    """What a worker needs of an image event."""

    image_id: str
    source_url: str


async def main(kind: str) -> None:
    """Consume the events of images until a signal comes."""
    name, settings = f"faststream_{kind}", Settings(_env_file=None)
    session_ms: Final = int(settings.session_timeout * 1000)
    options: dict[str, Any] = {
        "group_id": f"{settings.app_id}-{name}",
        "auto_offset_reset": "earliest",
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": session_ms // 5,
    }
    options |= {"batch": True, "max_records": SLOTS} if kind == "batches" else {"max_workers": SLOTS, "ack_policy": AckPolicy.ACK_FIRST}
    broker = KafkaBroker(settings.bootstrap_servers, request_timeout_ms=2 * session_ms)
    async with open_mover(name, settings) as mover:
        handler = of_batch(mover) if kind == "batches" else of_one(mover)
        broker.subscriber(settings.topics.bulk.name, **options)(handler)
        await FastStream(broker).run()


def of_batch(mover: ImageMover) -> Any:
    """Return the handler of a batch."""

    async def move_all(events: list[Event]) -> None:
        await asyncio.gather(*(mover.move(event.image_id, event.source_url) for event in events))

    return move_all


def of_one(mover: ImageMover) -> Any:
    """Return the handler of a message."""

    async def move_one(event: Event) -> None:
        await mover.move(event.image_id, event.source_url)

    return move_one


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
