"""Which topic an image's event goes to, and by which key it is partitioned."""

from dataclasses import dataclass

from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import Op
from faust_app.core.messages.topics import Topics


@dataclass(frozen=True, slots=True)
class Lane:
    """Where an event is published; without a key the producer spreads events over all partitions."""

    topic: str
    key: bytes | None


def lane(row: ImageRow, topics: Topics) -> Lane:
    """Choose the lane of the row's next event.

    A registration has no earlier event to overtake, so it may take any partition, and a big shop does not fill one. An update or
    delete is keyed by its shop's number. A retry goes to a topic of its own, keyed by image.
    """
    if row.attempt > 0:
        return Lane(topics.retry.name, b"%d/%s" % (row.shop_no, row.image_id))
    key = None if row.op is Op.REGISTER else b"%d" % row.shop_no
    return Lane(topics.bulk.name, key)
