"""From what one image costs to what a load needs: pure arithmetic, each rule named."""

import math
from dataclasses import dataclass
from typing import Final

from bench.scaling.costs import Costs

BUSY: Final = 0.6
"""The part of a core that is planned with; the rest is for peaks and for workers that are replaced."""
DATABASE_CORES: Final = 16
"""Of the one machine that has every row."""
PARTITIONS: Final = 12
CONNECTIONS: Final = 8
"""Of a process, at most."""
HISTORY_DAYS: Final = 450
TOPIC_DAYS: Final = 7
SHOPS: Final = 1_000_000
SHOP_IMAGES: Final = 1_000
"""That a shop keeps."""
SHOP_CHANGES: Final = 40
"""Of a shop and day."""
_BUSIEST: Final = 4
"""How many times the day's mean the busiest hour is."""
_DAY: Final = 86_400
_GB: Final = 1e9


@dataclass(frozen=True)
class Load:
    """Images a second in the busiest hour."""

    name: str
    per_second: float

    @property
    def per_day(self) -> float:
        """Images of a day."""
        return self.per_second / _BUSIEST * _DAY

    @property
    def kept(self) -> float:
        """Images that are kept: a row each, by the shops whose changes these images are."""
        return self.per_day / SHOP_CHANGES * SHOP_IMAGES


LOADS: Final = (
    Load("1,000 images/s", 1_000),
    Load("10,000 images/s", 10_000),
    Load("1 M shops", SHOPS * SHOP_CHANGES / _DAY * _BUSIEST),
)


@dataclass(frozen=True)
class Needs:
    """Cores by part in the busiest hour; workers, partitions, connections, transactions; core-hours a day; gigabytes that are kept."""

    cores: dict[str, float]
    workers: int
    partitions: int
    connections: int
    transactions_per_second: float
    core_hours_per_day: float
    row_gb: float
    history_gb: float
    topic_gb: float


def microseconds(costs: Costs) -> dict[str, float]:
    """Return what an image that came by HTTP costs each part, in microseconds of CPU."""
    return {
        "worker": costs.worker,
        "database": costs.database + costs.web_database,
        "Kafka": costs.kafka,
        "storage": costs.storage,
        "web": costs.web,
    }


def needs_of(load: Load, costs: Costs) -> Needs:
    """Return what a load needs where every image comes by HTTP, the dearest way, and is decoded."""
    parts = microseconds(costs)
    cores = {part: load.per_second * cost / 1e6 / BUSY for part, cost in parts.items()}
    workers, webs = math.ceil(cores["worker"]) + 1, math.ceil(cores["web"]) + 1  # and one of each to lose
    return Needs(
        cores=cores,
        workers=workers,
        partitions=PARTITIONS * math.ceil(workers / PARTITIONS),
        connections=(workers + webs) * CONNECTIONS,
        transactions_per_second=load.per_second * costs.transactions,
        core_hours_per_day=load.per_day * sum(parts.values()) / 1e6 / 3600,
        row_gb=load.kept * costs.row_bytes / _GB,
        history_gb=load.per_day * HISTORY_DAYS * costs.history_bytes / _GB,
        topic_gb=load.per_day * TOPIC_DAYS * costs.topic_bytes / _GB,
    )


def database_ceiling(costs: Costs) -> float:
    """Return the images a second at which the one database is full: every other part is spread over machines."""
    return DATABASE_CORES * BUSY / (costs.database + costs.web_database) * 1e6
