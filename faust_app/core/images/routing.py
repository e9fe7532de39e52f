"""Which lane an image's event takes, to which topic that leads, and by which key it is partitioned."""

from dataclasses import dataclass
from typing import assert_never

from faust_app.core.dispatch.lanes import Lane
from faust_app.core.images.row import ImageRow, Origin, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.core.messages.topics import Topics


@dataclass(frozen=True, slots=True)
class Route:
    """Where an event is published; without a key the producer spreads events over all partitions."""

    topic: str
    key: bytes | None


def may_be_express(row: ImageRow) -> bool:
    """Return whether the row's event is a change that its shop has just asked for.

    What is published once more (retried, deferred, rescued, repaired, or long at work) has waited already, and comes in bulk.
    """
    return row.attempt == 0 and row.schedule_reason is ScheduleReason.UNSENT and row.origin is Origin.SHOP


def lane_of(row: ImageRow, *, express: bool) -> Lane:
    """Return the lane of the row's next event; `express` is whether its shop's bucket admits it."""
    if row.attempt > 0:
        return Lane.RETRY
    return Lane.EXPRESS if express and may_be_express(row) else Lane.BULK


def route_of(row: ImageRow, topics: Topics, lane: Lane) -> Route:
    """Return the route of the row's next event in its lane.

    A registration has no earlier event to overtake, so it may take any partition, and a big shop does not fill one. An update or
    delete is keyed by its shop's number; where it overtakes an event in the other lane, the version decides. A retry is keyed by
    image.
    """
    match lane:
        case Lane.RETRY:
            return Route(topics.retry.name, b"%d/%s" % (row.shop_no, row.image_id))
        case Lane.EXPRESS:
            return Route(topics.express.name, _key(row))
        case Lane.BULK:
            return Route(topics.bulk.name, _key(row))
        case _:
            assert_never(lane)


def _key(row: ImageRow) -> bytes | None:
    return None if row.op is Op.REGISTER else b"%d" % row.shop_no
