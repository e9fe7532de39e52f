"""Which topic an image's event takes, and by which key it is partitioned."""

from dataclasses import dataclass

from faust_app.core.events import Op
from faust_app.core.image import ImageRow
from faust_app.core.topics import Topics


@dataclass(frozen=True, slots=True)
class Lane:
    """Where an event is published; without a key the producer spreads over all partitions."""

    topic: str
    key: bytes | None


def lane(row: ImageRow, topics: Topics) -> Lane:
    """Choose the lane of the row's next event.

    A registration has no earlier event it could overtake, so it takes any partition: a big shop does not fill one. An
    update or delete follows its shop's number. A retry stands in a topic of its own, by image.
    """
    if row.attempt > 0:
        return Lane(topics.retry.name, b"%d/%s" % (row.shop_no, row.image_id))
    key = None if row.op is Op.REGISTER else b"%d" % row.shop_no
    return Lane(topics.bulk.name, key)
