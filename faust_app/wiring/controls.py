"""What operators set for all workers, assembled for worker, web and command line."""

from collections.abc import Callable, Collection

from faust_app.adapters.mariadb.controls import MariaControls, MariaShopControls
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.core.dispatch.lanes import Lane
from faust_app.core.dispatch.shares import Share
from faust_app.core.messages.topics import Topics
from faust_app.flows.controls.lane_desk import LaneDesk
from faust_app.flows.controls.lane_pauses import LanePauses
from faust_app.flows.controls.shop_desk import ShopDesk
from faust_app.flows.controls.shop_limits import ShopLimitsBook
from faust_app.wiring.common import Parts, utc_now


def lane_pauses(parts: Parts, changed: Callable[[], None] = lambda: None) -> LanePauses:
    """Return what this process knows of paused lanes; `changed` is called when one was paused or resumed."""
    lanes = {topic: lane for lane, topic in topics_of_lanes(parts.topics).items()}
    return LanePauses(MariaControls(parts.database), lanes, now=utc_now, changed=changed)


def shop_limits(
    parts: Parts, changed: Callable[[], None] = lambda: None, paused: Callable[[Collection[int]], None] = lambda _shops: None
) -> ShopLimitsBook:
    """Return what this process knows of the controls of shops; `changed` is called when a limit of any shop is another.

    `paused` is called with the shops that are paused.
    """
    controls, workers = MariaShopControls(parts.database), MariaWorkerList(parts.database)
    return ShopLimitsBook(controls, workers, now=utc_now, changed=changed, paused=paused)


def topics_of_lanes(topics: Topics) -> dict[Lane, str]:
    """Return the name of each lane's topic."""
    return {Lane.EXPRESS: topics.express.name, Lane.BULK: topics.bulk.name, Lane.RETRY: topics.retry.name}


def shares_of_topics(topics: Topics) -> dict[str, Share]:
    """Return the share of the slots that events of each topic use."""
    return {topics.express.name: Share.EXPRESS, topics.bulk.name: Share.BULK, topics.retry.name: Share.RETRY}


def lane_desk(database: Database) -> LaneDesk:
    """Return what pauses and resumes lanes."""
    return LaneDesk(MariaControls(database), clock=database)


def shop_desk(database: Database) -> ShopDesk:
    """Return what sets and lifts the controls of shops."""
    return ShopDesk(MariaShopControls(database), clock=database)
