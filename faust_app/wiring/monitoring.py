"""What watches lag and unfinished images, in every worker and in the web process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from faust_app.adapters.kafka.record_ages import KafkaRecordAges
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.pictureless_products import MariaPicturelessProducts
from faust_app.adapters.mariadb.samples import MariaSamples
from faust_app.adapters.mariadb.unfinished_images import MariaStalledRows
from faust_app.adapters.mariadb.workers import MariaWorkerList
from faust_app.flows.monitoring.fairness import WatchFairness
from faust_app.flows.monitoring.lag import WatchLag
from faust_app.flows.monitoring.room import WatchRoom
from faust_app.flows.monitoring.samples import SampleKeeper
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.wiring.common import Parts, utc_now


@dataclass(frozen=True, slots=True)
class Watches:
    """The flows behind `/lag`, `/stalled` and `/fairness`, and the samples that are kept of them."""

    lag: WatchLag
    stalled: WatchStalled
    samples: SampleKeeper
    room: WatchRoom
    fairness: WatchFairness


def build_watches(parts: Parts, *, held_here: Callable[[], Sequence[str]], is_paused: Callable[[str], bool]) -> Watches:
    """Assemble the watches; `held_here` returns what holds up this process, `is_paused` whether a topic's lane is paused."""
    settings = parts.settings
    lag = WatchLag(
        parts.groups,
        parts.faults,
        parts.metrics,
        held_here=held_here,
        sampled=parts.lane_choice.note_sample,
        is_paused=is_paused,
        lagging_after=timedelta(seconds=settings.lagging_after),
        now=parts.event_log.broker_time,
        seconds=time.monotonic,
    )
    stalled = WatchStalled(
        MariaStalledRows(parts.database),
        parts.offsets,
        parts.alerts,
        parts.metrics,
        stalled_after=timedelta(seconds=settings.stalled_after),
        clock=parts.database,
        held_by=lag.held_by,
        seconds=time.monotonic,
    )
    samples = SampleKeeper(MariaSamples(parts.database), MariaPicturelessProducts(parts.database), lag, stalled, clock=parts.database)
    dead_letter = parts.topics.dead_letter
    room = WatchRoom(
        MariaTableSizes(parts.database),
        KafkaRecordAges(settings.kafka, dead_letter.name),
        parts.metrics,
        kept=timedelta(milliseconds=int(dead_letter.config["retention.ms"])),
        now=parts.event_log.broker_time,
    )
    fairness = WatchFairness(MariaWorkerList(parts.database), now=utc_now, seconds=time.monotonic)
    return Watches(lag, stalled, samples, room, fairness)
